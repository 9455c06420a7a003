import Market
import TestKit
import Testing

@testable import Accounting

@Suite struct EntryPlanPlaceTests {
  private let desk = Desk()

  @Test func anAcceptedBuyIsHeldForAndLogged() throws {
    let plan = desk.plan([Desk.place(.buy, 5, at: "100", name: "a")])
    #expect(plan.outcomes == [.accepted(order: 0)])
    let order = try #require(plan.orders.first)
    #expect(order.id.shard == Desk.shard && order.id.time == Desk.now && order.status == .accepted)
    #expect(order.selfTradePrevention == .cancelNewest && order.sequence == .zero)
    #expect(plan.accounts == [.init(account: Desk.alice, held: .dollars(500), lastSubmitted: Desk.now)])
    #expect(plan.positions.isEmpty && plan.marks.isEmpty)
    #expect(plan.entries == [.init(shard: Desk.shard, command: .place(PlaceOrder(order)), order: 0)])
    #expect(plan.keys.map(\.name.digest) == [Desk.key("a").digest])
  }

  @Test func theSecondOrderSeesWhatTheFirstHeld() {
    let plan = desk.plan([
      Desk.place(.buy, 6, at: "100", name: "a"), Desk.place(.buy, 5, at: "100", name: "b"),
      Desk.place(.buy, 4, at: "100", name: "c"), Desk.place(by: Desk.bob, .buy, 10, at: "100", name: "d"),
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
    let plan = desk.plan([
      Desk.place(.sell, 60, at: "100", name: "a"), Desk.place(.sell, 41, at: "100", name: "b"),
      Desk.place(.sell, 40, at: "100", name: "c"),
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
    var desk = desk
    let known = OrderID.order(submittedAt: Desk.now, shard: Desk.shard, random: 5)
    let idempotency = Desk.key("key", content: 11)
    desk.snapshot.keys[.init(account: Desk.alice, digest: Desk.key("a").digest)] = .init(order: known, fingerprint: nil)
    desk.snapshot.keys[.init(account: Desk.alice, digest: idempotency.digest)] = .init(order: known, fingerprint: 11)
    desk.snapshot.accounts[Desk.alice]!.cash = .zero
    desk.snapshot.accounts[Desk.alice]!.status = .blocked
    let plan = desk.plan([
      Desk.place(.buy, 5, at: "100", name: "a"),
      Desk.place(.buy, 5, at: "100", name: "a", idempotency: idempotency),
      Desk.place(.buy, 5, at: "100", name: "a", idempotency: Desk.key("key", content: 12)),
      Desk.place(.buy, 5, at: "100", name: "b"),
      Desk.place(by: Desk.bob, .buy, 5, at: "100", name: "a"),
    ])
    #expect(
      plan.outcomes == [
        .refused(.duplicateClientOrderID), .repeated(known), .refused(.idempotencyKeyReused), .refused(.accountBlocked),
        .accepted(order: 0),
      ])
  }

  @Test func repeatsWithinABatchAreRecognised() throws {
    let idempotency = Desk.key("key", content: 11)
    let plan = desk.plan([
      Desk.place(.buy, 5, at: "100", name: "a", idempotency: idempotency),
      Desk.place(.buy, 5, at: "100", name: "a", idempotency: idempotency),
      Desk.place(.buy, 6, at: "100", name: "b", idempotency: Desk.key("key", content: 12)),
      Desk.place(.buy, 1, at: "100", name: "a"),
    ])
    #expect(
      plan.outcomes == [
        .accepted(order: 0), .repeated(plan.orders[0].id), .refused(.idempotencyKeyReused),
        .refused(.duplicateClientOrderID),
      ])
    #expect(plan.keys.count == 2 && plan.orders.count == 1)
  }

  @Test func aRefusedRequestLeavesItsKeysFree() {
    let plan = desk.plan([
      Desk.place(.buy, 50, at: "100", name: "a", idempotency: Desk.key("key", content: 1)),
      Desk.place(.buy, 5, at: "100", name: "a", idempotency: Desk.key("key", content: 2)),
    ])
    #expect(plan.outcomes.last == .accepted(order: 0))
  }

  @Test func accountsThatAreUnknownOrBlockedDoNotTrade() {
    var desk = desk
    desk.snapshot.accounts[Desk.bob]!.status = .blocked
    let plan = desk.plan([
      Desk.place(by: Desk.bob, .sell, 1, at: "100", name: "a"),
      Desk.place(by: AccountNumber(rawValue: 99), .buy, 1, at: "1", name: "b"),
    ])
    #expect(plan.outcomes == [.refused(.accountBlocked), .refused(.accountBlocked)])
    #expect(plan.isEmpty && plan.accounts.isEmpty && plan.keys.isEmpty)
  }

  @Test func costsThatCannotBeCountedAreRefused() {
    let plan = desk.plan([Desk.place(.buy, .max / 2, at: "1000000", name: "a")])
    #expect(plan.outcomes == [.refused(.notionalTooLarge)])
  }

  @Test func anOrderThatMeetsAStoredOneOfItsAccountIsRefusedUnlessItSaysWhatToDo() {
    var desk = desk
    let existing = OrderID.order(submittedAt: Desk.now, shard: Desk.shard, random: 5)
    desk.snapshot.crossing = [0: existing, 1: existing]
    let plan = desk.plan([
      Desk.place(.buy, 1, at: "100", name: "a"), Desk.place(.buy, 1, at: "100", name: "b", prevention: .cancelBoth),
    ])
    #expect(plan.outcomes == [.refused(.selfCross(existing: existing)), .accepted(order: 0)])
    #expect(plan.orders[0].selfTradePrevention == .cancelBoth)
    #expect(plan.accounts[0].held == .dollars(100), "a crossing order is not held for")
  }

  @Test func whatWaitsLetsItsOwnGiveWayUnlessItSaysWhatToDo() throws {
    func prevention(_ choice: SelfTradePrevention?, _ change: (inout PlaceRequest) -> Void) throws
      -> SelfTradePrevention?
    {
      guard case .place(var place) = Desk.place(.sell, 1, at: "90", name: "a", prevention: choice) else { return nil }
      change(&place)
      let plan = desk.plan([.place(place)])
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
          clientKey: Desk.key("p"), random: 1),
        LegRequest(
          LegTerms(.stopLoss, .limit, at: Price("80")!, stop: Price("85")!), clientOrderID: "l",
          clientKey: Desk.key("l"), random: 2),
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
    let plan = desk.plan([
      Desk.place(.sell, 1, at: "100", name: "a"), Desk.place(.buy, 1, at: "99.99", name: "b"),
      Desk.place(.buy, 1, at: "100", name: "c"), Desk.place(by: Desk.bob, .buy, 1, at: "100", name: "d"),
      Desk.place(.sell, 1, at: "99.99", name: "e"),
      Desk.place(.sell, 1, at: "99.99", name: "f", prevention: .cancelOldest),
    ])
    #expect(
      plan.outcomes == [
        .accepted(order: 0), .accepted(order: 1), .refused(.selfCross(existing: plan.orders[0].id)),
        .accepted(order: 2),
        .refused(.selfCross(existing: plan.orders[1].id)), .accepted(order: 3),
      ])
  }

  @Test func whoseOrdersCannotMeetIsNotRefused() {
    func outcome(_ first: TimeInForce, _ second: TimeInForce) -> EntryPlan.Outcome {
      desk.plan([
        Desk.place(.sell, 1, at: "100", name: "a", timeInForce: first),
        Desk.place(.buy, 1, at: "100", name: "b", timeInForce: second),
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
    let plan = desk.plan([
      Desk.place(.sell, 1, at: "100", name: "a", timeInForce: .ioc),
      Desk.place(.sell, 1, at: "100", name: "b", type: .market), Desk.place(.buy, 1, at: "100", name: "c"),
    ])
    #expect(plan.outcomes == [.accepted(order: 0), .accepted(order: 1), .accepted(order: 2)])
  }

  @Test(arguments: [1, 2] as [UInt64])
  func submissionsOfAnAccountAreStrictlyLaterWhateverTheClockSays(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var desk = desk
    desk.snapshot.accounts[Desk.alice]!.cash = .dollars(1_000_000)
    var last = desk.snapshot.accounts[Desk.alice]!.lastSubmitted
    for batch in 0..<50 {
      // Clocks of several gateways: they differ, and one may run backwards.
      let now = Desk.now.advanced(byMicroseconds: random.number(-500_000...500_000))
      let requests = (0..<random.number(1...5)).map { Desk.place(.buy, 1, at: "1", name: "\(batch)-\($0)") }
      let plan = desk.plan(requests, at: now)
      #expect(plan.orders.count == requests.count)
      for order in plan.orders {
        #expect(order.submittedAt > last && order.submittedAt >= now, "seed \(seed)")
        last = order.submittedAt
      }
      #expect(plan.accounts.map(\.lastSubmitted) == [last])
      desk.snapshot.accounts[Desk.alice]!.lastSubmitted = last
    }
  }

  /// Random batches: what is held never exceeds what is there, and is exactly what the accepted orders need.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func holdsOfABatchAreThoseOfItsOrders(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<100 {
      let requests = (0..<random.number(1...30)).map { number in
        Desk.place(
          by: random.pick([Desk.alice, Desk.bob]), random.pick(Side.allCases), random.number(1...40),
          at: "\(random.number(1...30))", name: "\(number)", prevention: .cancelNewest)
      }
      let plan = desk.plan(requests)
      for account in [Desk.alice, Desk.bob] {
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
