import Accounting
import Market
import TestKit
import Testing

/// What may enter a book is one question, however it is asked.
@Suite struct AcceptanceTermsTests {
  private static func dollars(_ value: Int64) -> Price { Price(rawValue: value * 10_000) }

  /// An order of Alice's in the book, and what somebody wants to make of it.
  private struct Case {
    var target: OrderRecord
    var change: ReplaceRequest
    /// The same as a new order.
    var place: PlaceRequest
  }

  private static func random(_ numbers: inout SeededRandom, _ fixture: inout AcceptanceFixture) -> Case {
    let side: Side = Bool.random(using: &numbers) ? .buy : .sell
    var target = fixture.store(side, 4, at: "\(Int64.random(in: 95...105, using: &numbers))")
    target.type = Int.random(in: 0..<4, using: &numbers) == 0 ? .market : .limit
    target.timeInForce = [.day, .gtc, .gtc, .opg].randomElement(using: &numbers)!
    target.postOnly = target.type == .limit && target.timeInForce != .opg && Bool.random(using: &numbers)
    if !target.postOnly, target.timeInForce != .opg, Bool.random(using: &numbers) {
      var conditions = OrderConditions(
        trigger: Trigger(stop: dollars(Int64.random(in: 90...110, using: &numbers))), orderClass: .simple, role: .main,
        group: nil, leg: 0, isLeg: false, phase: .waiting)
      conditions.activation = 0
      target.conditions = conditions
    }
    fixture.snapshot.targets[target.id] = target
    let price = Bool.random(using: &numbers) ? dollars(Int64.random(in: 60...140, using: &numbers)) : nil
    let quantity = Bool.random(using: &numbers) ? Quantity(rawValue: Int64.random(in: 1...9, using: &numbers)) : nil
    let time: TimeInForce? = Bool.random(using: &numbers) ? TimeInForce.allCases.randomElement(using: &numbers)! : nil
    let change = ReplaceRequest(
      account: AcceptanceFixture.alice, target: target.id,
      changes: ChangedTerms(quantity: quantity, price: price, timeInForce: time),
      clientOrderID: "change", clientKey: AcceptanceFixture.key("change"), idempotencyKey: nil, random: 9)
    var terms = target.terms
    (terms.price, terms.quantity) = (price ?? target.price, quantity ?? target.quantity)
    terms.timeInForce = time ?? target.timeInForce
    let place = PlaceRequest(
      account: AcceptanceFixture.alice, instrument: AcceptanceFixture.apple, shard: AcceptanceFixture.shard,
      terms: terms,
      trigger: target.trigger,
      clientOrderID: "place", clientKey: AcceptanceFixture.key("place"), idempotencyKey: nil, random: 9)
    return Case(target: target, change: change, place: place)
  }

  /// Whatever is refused as a new order is refused as a replacement, and the old order is untouched.
  @Test(arguments: 0..<8 as Range<UInt64>)
  func whatIsRefusedAsANewOrderIsRefusedAsAReplacement(_ seed: UInt64) {
    var numbers = SeededRandom(seed: seed)
    var refused: [String: Int] = [:]
    for _ in 0..<1_000 {
      var fixture = AcceptanceFixture()
      let known = Self.random(&numbers, &fixture)
      let bounds = OrderBounds(
        quantity: Quantity(rawValue: 7), notional: .dollars(700), collar: 1_000)
      fixture.snapshot.bounds = [.init(account: nil, instrument: AcceptanceFixture.apple, bounds: bounds)]
      fixture.snapshot.lastPrices[AcceptanceFixture.apple] = Self.dollars(100)
      // An own order on the other side, which both would meet.
      let other = AcceptanceFixture.place(
        known.target.side.opposite, 1, at: known.target.side == .buy ? "108" : "92", name: "other",
        prevention: .cancelOldest)
      var without = fixture
      // The new order has what the old one holds.
      without.snapshot.accounts[AcceptanceFixture.alice]!.held = .zero
      without.snapshot.positions[.init(account: AcceptanceFixture.alice, instrument: AcceptanceFixture.apple)]!.held =
        .zero
      let placing = without.plan([other, .place(known.place)])
      let replacing = fixture.plan([other, .replace(known.change)])
      guard case .accepted = placing.outcomes[0], case .refused(let reason) = placing.outcomes[1] else { continue }
      // An order that waits meets nobody at entry, and one whose price stays has met nobody before.
      refused["\(reason)".prefix { $0 != "(" }.description, default: 0] += 1
      guard known.change.changes.price != nil || !"\(reason)".hasPrefix("selfCross") else { continue }
      guard case .refused = replacing.outcomes[1] else {
        Issue.record("seed \(seed): \(known) is refused with \(reason), and may be replaced into")
        continue
      }
      #expect(!replacing.marks.contains { $0.order == known.target.id }, "seed \(seed)")
    }
    for word in ["beyondBound", "contradictoryTerms", "selfCross"] {
      #expect(refused[word, default: 0] > 0, "\(refused)")
    }
  }

  @Test func aMarketOrderThatWaitsForAnAuctionGetsNoLimit() {
    var fixture = AcceptanceFixture()
    var target = fixture.store(.sell, 5, at: "95")
    target.type = .market
    target.timeInForce = .opg
    fixture.snapshot.targets[target.id] = target
    guard
      case .refused(.contradictoryTerms(let text)) = fixture.plan([AcceptanceFixture.replace(target, price: "90")])
        .outcomes[0]
    else {
      Issue.record("accepted")
      return
    }
    #expect(text == "limit_price is not a term of this order: it has no limit price")
  }

  @Test(arguments: [TimeInForce.ioc, .fok])
  func aPostOnlyOrderStaysOneThatRests(_ time: TimeInForce) {
    var fixture = AcceptanceFixture()
    var target = fixture.store(.buy, 5, at: "95")
    target.postOnly = true
    fixture.snapshot.targets[target.id] = target
    let outcome = fixture.plan([AcceptanceFixture.replace(target, timeInForce: time)]).outcomes[0]
    #expect(outcome == .refused(.contradictoryTerms("an ioc or fok order cannot be post_only")))
  }

  @Test func aBidIsNotReplacedIntoTheOwnOffer() {
    var fixture = AcceptanceFixture()
    let bid = fixture.store(.buy, 5, at: "95")
    let offer = fixture.store(.sell, 5, at: "100", sequence: 51)
    fixture.snapshot.crossing[0] = offer.id
    #expect(
      fixture.plan([AcceptanceFixture.replace(bid, price: "101")]).outcomes[0]
        == .refused(.selfCross(existing: offer.id)))
    fixture.snapshot.crossing = [:]
    guard case .accepted = fixture.plan([AcceptanceFixture.replace(bid, price: "99")]).outcomes[0] else {
      Issue.record("a bid below the offer is refused")
      return
    }
  }

  // MARK: Bounds of what waits

  private static let tight = OrderBounds(quantity: nil, notional: .dollars(2_000), collar: 1_000)

  private func outcome(_ request: PlaceRequest) -> AcceptancePlan.Outcome {
    var fixture = AcceptanceFixture()
    fixture.snapshot.accounts[AcceptanceFixture.alice]!.cash = .dollars(100_000)
    fixture.snapshot.bounds = [.init(account: nil, instrument: AcceptanceFixture.apple, bounds: Self.tight)]
    fixture.snapshot.lastPrices[AcceptanceFixture.apple] = Self.dollars(100)
    return fixture.plan([.place(request)]).outcomes[0]
  }

  private func request(
    _ side: Side, _ type: OrderType, at price: Int64, stop: Int64? = nil, _ orderClass: OrderClass = .simple,
    legs: [LegRequest] = []
  ) -> PlaceRequest {
    PlaceRequest(
      account: AcceptanceFixture.alice, instrument: AcceptanceFixture.apple, shard: AcceptanceFixture.shard,
      terms: OrderTerms(side, Quantity(rawValue: 10), at: Self.dollars(price), type: type, timeInForce: .gtc),
      trigger: stop.map { Trigger(stop: Self.dollars($0)) }, orderClass: orderClass, legs: legs, clientOrderID: "x",
      clientKey: AcceptanceFixture.key("x"), idempotencyKey: nil, random: 1)
  }

  private func stopLoss(at price: Int64, stop: Int64) -> LegRequest {
    LegRequest(
      LegTerms(.stopLoss, .limit, at: Self.dollars(price), stop: Self.dollars(stop)), clientOrderID: "leg",
      clientKey: AcceptanceFixture.key("leg"), random: 2)
  }

  @Test func boundsHoldForLegsAsForOrders() {
    // Far beyond its own stop: it would buy at any price.
    #expect(outcome(request(.buy, .limit, at: 500, stop: 101)) == .refused(.beyondBound(.notional(.dollars(2_000)))))
    #expect(outcome(request(.buy, .limit, at: 150, stop: 101)) == .refused(.beyondBound(.collar(Price("111.10")!))))
    let short = request(.sell, .limit, at: 100, .oto, legs: [stopLoss(at: 500, stop: 101)])
    #expect(outcome(short) == .refused(.beyondBound(.notional(.dollars(2_000)))))
    let near = request(.sell, .limit, at: 100, .oto, legs: [stopLoss(at: 150, stop: 101)])
    #expect(outcome(near) == .refused(.beyondBound(.collar(Price("111.10")!))))
  }

  @Test func aProtectiveStopFarBelowIsMeasuredByItsOwnStop() {
    guard case .accepted = outcome(request(.sell, .market, at: 76, stop: 80)) else {
      Issue.record("a stop 20 percent below is refused")
      return
    }
    guard case .accepted = outcome(request(.buy, .limit, at: 100, .oto, legs: [stopLoss(at: 75, stop: 80)])) else {
      Issue.record("a stop-loss 20 percent below is refused")
      return
    }
    #expect(outcome(request(.sell, .limit, at: 80)) == .refused(.beyondBound(.collar(Self.dollars(90)))))
  }
}
