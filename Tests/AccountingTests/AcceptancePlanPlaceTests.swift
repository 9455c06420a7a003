import Market
import TestKit
import Testing

@testable import Accounting

@Suite struct AcceptancePlanPlaceTests {
  private let fixture = AcceptanceFixture()

  @Test func anAcceptedBuyIsHeldForAndLogged() throws {
    let plan = fixture.plan([AcceptanceFixture.place(.buy, 5, at: "100", name: "a")])
    #expect(plan.outcomes == [.accepted(order: 0)])
    let order = try #require(plan.orders.first)
    #expect(
      order.id.shard == AcceptanceFixture.shard && order.id.time == AcceptanceFixture.now && order.status == .accepted)
    #expect(order.selfTradePrevention == .cancelNewest && order.sequence == .zero)
    #expect(
      plan.accounts == [
        .init(account: AcceptanceFixture.alice, held: .dollars(500), lastSubmitted: AcceptanceFixture.now)
      ])
    #expect(plan.positions.isEmpty && plan.marks.isEmpty)
    #expect(plan.entries == [.init(shard: AcceptanceFixture.shard, command: .place(PlaceOrder(order)), order: 0)])
    #expect(plan.keys.map(\.name.digest) == [AcceptanceFixture.key("a").digest])
  }

  @Test func theSecondOrderSeesWhatTheFirstHeld() {
    let plan = fixture.plan([
      AcceptanceFixture.place(.buy, 6, at: "100", name: "a"), AcceptanceFixture.place(.buy, 5, at: "100", name: "b"),
      AcceptanceFixture.place(.buy, 4, at: "100", name: "c"),
      AcceptanceFixture.place(by: AcceptanceFixture.bob, .buy, 10, at: "100", name: "d"),
    ])
    #expect(
      plan.outcomes == [
        .accepted(order: 0), .refused(.insufficientBuyingPower(available: .dollars(400), required: .dollars(500))),
        .accepted(order: 1), .accepted(order: 2),
      ])
    #expect(plan.accounts.map(\.held) == [.dollars(1000), .dollars(1000)])
    #expect(plan.entries.count == 3 && plan.keys.count == 3, "a refusal leaves nothing behind")
  }

  @Test func sellsTakeSharesOneAfterTheOther() {
    let plan = fixture.plan([
      AcceptanceFixture.place(.sell, 60, at: "100", name: "a"),
      AcceptanceFixture.place(.sell, 41, at: "100", name: "b"),
      AcceptanceFixture.place(.sell, 40, at: "100", name: "c"),
    ])
    let forty = Quantity(rawValue: 40)
    #expect(
      plan.outcomes == [
        .accepted(order: 0),
        .refused(
          .insufficientShares(
            requested: Quantity(rawValue: 41), available: forty, owned: Quantity(rawValue: 100),
            held: Quantity(rawValue: 60))),
        .accepted(order: 1),
      ])
    #expect(plan.positions.map(\.held) == [Quantity(rawValue: 100)])
    #expect(plan.accounts.map(\.held) == [.zero])
  }

  @Test func identityIsJudgedBeforeMoney() {
    var fixture = fixture
    let known = OrderID.order(submittedAt: AcceptanceFixture.now, shard: AcceptanceFixture.shard, random: 5)
    let idempotency = AcceptanceFixture.key("key", content: 11)
    fixture.snapshot.keys[.init(account: AcceptanceFixture.alice, digest: AcceptanceFixture.key("a").digest)] = .init(
      order: known, fingerprint: nil)
    fixture.snapshot.keys[.init(account: AcceptanceFixture.alice, digest: idempotency.digest)] = .init(
      order: known, fingerprint: 11)
    fixture.snapshot.accounts[AcceptanceFixture.alice]!.cash = .zero
    fixture.snapshot.accounts[AcceptanceFixture.alice]!.status = .blocked
    let plan = fixture.plan([
      AcceptanceFixture.place(.buy, 5, at: "100", name: "a"),
      AcceptanceFixture.place(.buy, 5, at: "100", name: "a", idempotency: idempotency),
      AcceptanceFixture.place(.buy, 5, at: "100", name: "a", idempotency: AcceptanceFixture.key("key", content: 12)),
      AcceptanceFixture.place(.buy, 5, at: "100", name: "b"),
      AcceptanceFixture.place(by: AcceptanceFixture.bob, .buy, 5, at: "100", name: "a"),
    ])
    #expect(
      plan.outcomes == [
        .refused(.duplicateClientOrderID), .repeated(known), .refused(.idempotencyKeyReused), .refused(.accountBlocked),
        .accepted(order: 0),
      ])
  }

  @Test func repeatsWithinABatchAreRecognised() throws {
    let idempotency = AcceptanceFixture.key("key", content: 11)
    let plan = fixture.plan([
      AcceptanceFixture.place(.buy, 5, at: "100", name: "a", idempotency: idempotency),
      AcceptanceFixture.place(.buy, 5, at: "100", name: "a", idempotency: idempotency),
      AcceptanceFixture.place(.buy, 6, at: "100", name: "b", idempotency: AcceptanceFixture.key("key", content: 12)),
      AcceptanceFixture.place(.buy, 1, at: "100", name: "a"),
    ])
    #expect(
      plan.outcomes == [
        .accepted(order: 0), .repeated(plan.orders[0].id), .refused(.idempotencyKeyReused),
        .refused(.duplicateClientOrderID),
      ])
    #expect(plan.keys.count == 2 && plan.orders.count == 1)
  }

  @Test func aRefusedRequestLeavesItsKeysFree() {
    let plan = fixture.plan([
      AcceptanceFixture.place(.buy, 50, at: "100", name: "a", idempotency: AcceptanceFixture.key("key", content: 1)),
      AcceptanceFixture.place(.buy, 5, at: "100", name: "a", idempotency: AcceptanceFixture.key("key", content: 2)),
    ])
    #expect(plan.outcomes.last == .accepted(order: 0))
  }

  @Test func accountsThatAreUnknownOrBlockedDoNotTrade() {
    var fixture = fixture
    fixture.snapshot.accounts[AcceptanceFixture.bob]!.status = .blocked
    let plan = fixture.plan([
      AcceptanceFixture.place(by: AcceptanceFixture.bob, .sell, 1, at: "100", name: "a"),
      AcceptanceFixture.place(by: AccountNumber(rawValue: 99), .buy, 1, at: "1", name: "b"),
    ])
    #expect(plan.outcomes == [.refused(.accountBlocked), .refused(.accountBlocked)])
    #expect(plan.isEmpty && plan.accounts.isEmpty && plan.keys.isEmpty)
  }

  @Test func costsThatCannotBeCountedAreRefused() {
    let plan = fixture.plan([AcceptanceFixture.place(.buy, .max / 2, at: "1000000", name: "a")])
    #expect(plan.outcomes == [.refused(.notionalTooLarge)])
  }

  @Test func anOrderThatMeetsAStoredOneOfItsAccountIsRefusedUnlessItSaysWhatToDo() {
    var fixture = fixture
    let existing = OrderID.order(submittedAt: AcceptanceFixture.now, shard: AcceptanceFixture.shard, random: 5)
    fixture.snapshot.crossing = [0: existing, 1: existing]
    let plan = fixture.plan([
      AcceptanceFixture.place(.buy, 1, at: "100", name: "a"),
      AcceptanceFixture.place(.buy, 1, at: "100", name: "b", prevention: .cancelBoth),
    ])
    #expect(plan.outcomes == [.refused(.selfCross(existing: existing)), .accepted(order: 0)])
    #expect(plan.orders[0].selfTradePrevention == .cancelBoth)
    #expect(plan.accounts[0].held == .dollars(100), "a crossing order is not held for")
  }

  @Test func whatWaitsLetsItsOwnGiveWayUnlessItSaysWhatToDo() throws {
    func prevention(_ choice: SelfTradePrevention?, _ change: (inout PlaceRequest) -> Void) throws
      -> SelfTradePrevention?
    {
      guard case .place(var place) = AcceptanceFixture.place(.sell, 1, at: "90", name: "a", prevention: choice) else {
        return nil
      }
      change(&place)
      let plan = fixture.plan([.place(place)])
      #expect(plan.outcomes == [.accepted(order: 0)])
      #expect(Set(plan.orders.map(\.selfTradePrevention)).count == 1, "legs do as their entry")
      return plan.orders.first?.selfTradePrevention
    }
    let stop: (inout PlaceRequest) -> Void = { $0.trigger = Trigger(stop: Price("95")!) }
    let bracket: (inout PlaceRequest) -> Void = { place in
      place.side = .buy
      place.orderClass = .bracket
      place.legs = [
        LegRequest(
          LegTerms(takeProfitAt: Price("110")!), clientOrderID: "p",
          clientKey: AcceptanceFixture.key("p"), random: 1),
        LegRequest(
          LegTerms(.stopLoss, .limit, at: Price("80")!, stop: Price("85")!), clientOrderID: "l",
          clientKey: AcceptanceFixture.key("l"), random: 2),
      ]
    }
    #expect(try prevention(nil) { _ in } == .cancelNewest)
    #expect(try prevention(nil, stop) == .cancelOldest)
    #expect(try prevention(nil, bracket) == .cancelOldest)
    for choice in SelfTradePrevention.allCases {
      #expect(try prevention(choice, stop) == choice)
      #expect(try prevention(choice, bracket) == choice)
    }
  }

  @Test func crossingsWithinABatchAreFound() {
    let plan = fixture.plan([
      AcceptanceFixture.place(.sell, 1, at: "100", name: "a"), AcceptanceFixture.place(.buy, 1, at: "99.99", name: "b"),
      AcceptanceFixture.place(.buy, 1, at: "100", name: "c"),
      AcceptanceFixture.place(by: AcceptanceFixture.bob, .buy, 1, at: "100", name: "d"),
      AcceptanceFixture.place(.sell, 1, at: "99.99", name: "e"),
      AcceptanceFixture.place(.sell, 1, at: "99.99", name: "f", prevention: .cancelOldest),
    ])
    #expect(
      plan.outcomes == [
        .accepted(order: 0), .accepted(order: 1), .refused(.selfCross(existing: plan.orders[0].id)),
        .accepted(order: 2),
        .refused(.selfCross(existing: plan.orders[1].id)), .accepted(order: 3),
      ])
  }

  @Test func whoseOrdersCannotMeetIsNotRefused() {
    func outcome(_ first: TimeInForce, _ second: TimeInForce) -> AcceptancePlan.Outcome {
      fixture.plan([
        AcceptanceFixture.place(.sell, 1, at: "100", name: "a", timeInForce: first),
        AcceptanceFixture.place(.buy, 1, at: "100", name: "b", timeInForce: second),
      ]).outcomes[1]
    }
    let meeting: [(TimeInForce, TimeInForce)] = [
      (.day, .day), (.day, .ioc), (.gtc, .fok), (.gtc, .opg), (.opg, .day), (.opg, .opg), (.cls, .cls),
    ]
    for (first, second) in meeting {
      guard case .refused(.selfCross) = outcome(first, second) else {
        Issue.record("\(second) behind \(first) is not refused")
        continue
      }
    }
    let apart: [(TimeInForce, TimeInForce)] = [
      (.ioc, .day), (.ioc, .ioc), (.fok, .gtc), (.cls, .day), (.cls, .ioc), (.day, .cls), (.opg, .ioc), (.opg, .cls),
    ]
    for (first, second) in apart {
      #expect(outcome(first, second) == .accepted(order: 1), "\(second) behind \(first)")
    }
  }

  @Test func whatNeverRestsIsNeverCrossed() {
    let plan = fixture.plan([
      AcceptanceFixture.place(.sell, 1, at: "100", name: "a", timeInForce: .ioc),
      AcceptanceFixture.place(.sell, 1, at: "100", name: "b", type: .market),
      AcceptanceFixture.place(.buy, 1, at: "100", name: "c"),
    ])
    #expect(plan.outcomes == [.accepted(order: 0), .accepted(order: 1), .accepted(order: 2)])
  }

  @Test(arguments: [1, 2] as [UInt64])
  func submissionsOfAnAccountAreStrictlyLaterWhateverTheClockSays(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var fixture = fixture
    fixture.snapshot.accounts[AcceptanceFixture.alice]!.cash = .dollars(1_000_000)
    var last = fixture.snapshot.accounts[AcceptanceFixture.alice]!.lastSubmitted
    for batch in 0..<50 {
      // Clocks of several gateways: they differ, and one may run backwards.
      let now = AcceptanceFixture.now.advanced(byMicroseconds: random.number(-500_000...500_000))
      let requests = (0..<random.number(1...5)).map {
        AcceptanceFixture.place(.buy, 1, at: "1", name: "\(batch)-\($0)")
      }
      let plan = fixture.plan(requests, at: now)
      #expect(plan.orders.count == requests.count)
      for order in plan.orders {
        #expect(order.submittedAt > last && order.submittedAt >= now, "seed \(seed)")
        last = order.submittedAt
      }
      #expect(plan.accounts.map(\.lastSubmitted) == [last])
      fixture.snapshot.accounts[AcceptanceFixture.alice]!.lastSubmitted = last
    }
  }

  /// Random batches: what is held never exceeds what is there, and is exactly what the accepted orders need.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func holdsOfABatchAreThoseOfItsOrders(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<100 {
      let requests = (0..<random.number(1...30)).map { number in
        AcceptanceFixture.place(
          by: random.pick([AcceptanceFixture.alice, AcceptanceFixture.bob]), random.pick(Side.allCases),
          random.number(1...40),
          at: "\(random.number(1...30))", name: "\(number)", prevention: .cancelNewest)
      }
      let plan = fixture.plan(requests)
      for account in [AcceptanceFixture.alice, AcceptanceFixture.bob] {
        let own = plan.orders.filter { $0.account == account }
        let money = own.filter { $0.side == .buy }.reduce(0) {
          $0 + Hold.amount(.buy, price: $1.price, leaves: $1.leaves)
        }
        let shares = own.filter { $0.side == .sell }.reduce(0) { $0 + $1.leaves.rawValue }
        #expect(plan.accounts.first { $0.account == account }?.held.rawValue ?? 0 == money, "seed \(seed)")
        #expect(plan.positions.first { $0.key.account == account }?.held.rawValue ?? 0 == shares, "seed \(seed)")
        #expect(money <= Money.dollars(1000).rawValue && shares <= 100)
      }
      #expect(plan.accounts.map(\.account) == plan.accounts.map(\.account).sorted(), "lock order")
      #expect(plan.entries.map(\.order) == plan.orders.indices.map { $0 })
    }
  }
}
