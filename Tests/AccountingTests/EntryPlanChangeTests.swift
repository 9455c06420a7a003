import Market
import Testing

@testable import Accounting

@Suite struct EntryPlanCancelTests {
  @Test func aCancelMarksTheOrderAndIsLogged() {
    var desk = Desk()
    let order = desk.store(.buy, 5, at: "100")
    let plan = desk.plan([Desk.cancel(order)])
    #expect(plan.outcomes == [.cancelAccepted] && plan.orders.isEmpty && plan.accounts.isEmpty)
    #expect(plan.marks == [.init(account: Desk.alice, order: order.id, pending: .cancel)])
    let command = CancelOrder(
      target: order.id, targetSequence: order.sequence, account: Desk.alice, instrument: Desk.apple)
    #expect(plan.entries == [.init(shard: Desk.shard, command: .cancel(command), order: nil)])
  }

  @Test func aSecondCancelIsOnItsWayAlready() {
    var desk = Desk()
    let order = desk.store(.buy, 5, at: "100")
    let pending = desk.store(.buy, 1, at: "100", pending: .cancel, sequence: 51)
    let plan = desk.plan([Desk.cancel(order), Desk.cancel(order), Desk.cancel(pending)])
    #expect(plan.outcomes == [.cancelAccepted, .cancelPending, .cancelPending])
    #expect(plan.entries.count == 1 && plan.marks.count == 1)
  }

  @Test func onlyOnesOwnOpenOrdersAreCancelled() {
    var desk = Desk()
    let order = desk.store(.buy, 5, at: "100")
    let closed: [OrderStatus] = [.filled, .canceled, .expired, .replaced, .rejected]
    let gone = closed.enumerated().map { desk.store(.buy, 1, at: "1", status: $1, sequence: 60 + Int64($0)) }
    #expect(desk.plan([Desk.cancel(order, by: Desk.bob)]).outcomes == [.refused(.orderNotFound(order.id))])
    #expect(desk.plan(gone.map { Desk.cancel($0) }).outcomes == closed.map { .refused(.orderClosed($0)) })
    desk.snapshot.targets = [:]
    #expect(desk.plan([Desk.cancel(order)]).outcomes == [.refused(.orderNotFound(order.id))])
  }

  @Test func ordersOfABlockedAccountCanStillBeCancelled() {
    var desk = Desk()
    let order = desk.store(.buy, 5, at: "100")
    desk.snapshot.accounts[Desk.alice]!.status = .blocked
    #expect(desk.plan([Desk.cancel(order)]).outcomes == [.cancelAccepted])
    #expect(desk.plan([Desk.replace(order, quantity: 4)]).outcomes == [.refused(.accountBlocked)])
  }
}

@Suite struct EntryPlanReplaceTests {
  @Test func aReplacementInheritsWhatItDoesNotChange() throws {
    var desk = Desk()
    let order = desk.store(.buy, 5, at: "100", filled: 2, status: .partiallyFilled)
    let plan = desk.plan([Desk.replace(order, price: "110")])
    #expect(plan.outcomes == [.accepted(order: 0)])
    let new = try #require(plan.orders.first)
    #expect(new.price == Price("110") && new.quantity == order.quantity && new.filled == order.filled)
    #expect(new.timeInForce == order.timeInForce && new.side == order.side && new.replaces == order.id)
    #expect(new.id > order.id && new.id.shard == Desk.shard && new.leaves == Quantity(rawValue: 3))
    #expect(plan.accounts.map(\.held) == [.dollars(30)], "three open shares at ten dollars more")
    #expect(plan.marks == [.init(account: Desk.alice, order: order.id, pending: .replace)])
    let command = ReplaceOrder(
      order: PlaceOrder(new), target: order.id, targetSequence: order.sequence,
      extraHold: Money.dollars(30).rawValue)
    #expect(plan.entries == [.init(shard: Desk.shard, command: .replace(command), order: 0)])
  }

  @Test func onlyOrdersInTheBookWithNothingPendingAreReplaced() {
    var desk = Desk()
    let unprocessed = desk.store(.buy, 1, at: "1", sequence: 101)
    let cancelled = desk.store(.buy, 1, at: "1", pending: .cancel, sequence: 51)
    let replaced = desk.store(.buy, 1, at: "1", pending: .replace, sequence: 52)
    let filled = desk.store(.buy, 1, at: "1", filled: 1, status: .filled, sequence: 53)
    let plan = desk.plan([unprocessed, cancelled, replaced, filled].map { Desk.replace($0, quantity: 2) })
    #expect(
      plan.outcomes == [
        .refused(.orderNotReplaceable(.accepted)), .refused(.orderNotReplaceable(.pendingCancel)),
        .refused(.orderNotReplaceable(.pendingReplace)), .refused(.orderNotReplaceable(.filled)),
      ])
    let stranger = desk.plan([Desk.replace(unprocessed, by: Desk.bob, quantity: 2)])
    #expect(stranger.outcomes == [.refused(.orderNotFound(unprocessed.id))])
    #expect(plan.isEmpty && stranger.isEmpty)
  }

  @Test func changesOfOneOrderInOneBatchFollowEachOther() {
    var desk = Desk()
    let (first, second) = (desk.store(.buy, 2, at: "10"), desk.store(.buy, 2, at: "10", sequence: 51))
    let plan = desk.plan([
      Desk.replace(first, quantity: 3, name: "a"), Desk.replace(first, quantity: 4, name: "b"), Desk.cancel(first),
      Desk.cancel(second), Desk.replace(second, quantity: 3, name: "c"),
    ])
    #expect(
      plan.outcomes == [
        .accepted(order: 0), .refused(.orderNotReplaceable(.pendingReplace)), .cancelAccepted, .cancelAccepted,
        .refused(.orderNotReplaceable(.pendingCancel)),
      ])
    #expect(plan.marks.map(\.pending) == [.cancel, .cancel], "each order is marked once, with the last change")
  }

  @Test func aReplacementMustChangeSomethingAndLeaveSomething() {
    var desk = Desk()
    let order = desk.store(.buy, 5, at: "100", filled: 2, status: .partiallyFilled)
    func outcome(_ request: EntryRequest) -> EntryPlan.Outcome { desk.plan([request]).outcomes[0] }
    #expect(outcome(Desk.replace(order)) == .refused(.nothingChanged))
    #expect(outcome(Desk.replace(order, quantity: 5, price: "100.00", timeInForce: .day)) == .refused(.nothingChanged))
    #expect(outcome(Desk.replace(order, quantity: 2)) == .refused(.quantityNotAboveFilled))
    #expect(outcome(Desk.replace(order, quantity: 1)) == .refused(.quantityNotAboveFilled))
    #expect(outcome(Desk.replace(order, timeInForce: .gtc)) == .accepted(order: 0))
    #expect(outcome(Desk.replace(order, quantity: 3)) == .accepted(order: 0))
  }

  @Test func aReplacementIsCoveredByWhatIsFreeBesidesTheOldHold() {
    var desk = Desk()
    let buy = desk.store(.buy, 9, at: "100")
    func outcome(_ request: EntryRequest) -> EntryPlan.Outcome { desk.plan([request]).outcomes[0] }
    #expect(outcome(Desk.replace(buy, quantity: 10)) == .accepted(order: 0), "$900 held, $100 free")
    #expect(
      outcome(Desk.replace(buy, quantity: 11))
        == .refused(.insufficientBuyingPower(available: .dollars(100), required: .dollars(200))))
    let sell = desk.store(.sell, 90, at: "200", sequence: 51)
    #expect(outcome(Desk.replace(sell, quantity: 100)) == .accepted(order: 0))
    #expect(
      outcome(Desk.replace(sell, quantity: 101))
        == .refused(
          .insufficientShares(
            requested: Quantity(rawValue: 101), available: Quantity(rawValue: 10), owned: Quantity(rawValue: 100),
            held: Quantity(rawValue: 90))))
  }

  @Test func repeatsOfAReplacementAreRecognisedEvenOnceItIsDone() {
    var desk = Desk()
    let order = desk.store(.buy, 5, at: "100", status: .replaced)
    let made = OrderID.order(submittedAt: Desk.now, shard: Desk.shard, random: 5)
    let idempotency = Desk.key("key", content: 11)
    desk.snapshot.keys[.init(account: Desk.alice, digest: idempotency.digest)] = .init(order: made, fingerprint: 11)
    desk.snapshot.keys[.init(account: Desk.alice, digest: Desk.key("used").digest)] = .init(
      order: made, fingerprint: nil)
    let plan = desk.plan([
      Desk.replace(order, quantity: 6, idempotency: idempotency), Desk.replace(order, quantity: 6, name: "used"),
    ])
    #expect(plan.outcomes == [.repeated(made), .refused(.duplicateClientOrderID)])
  }
}
