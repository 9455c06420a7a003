import Market
import Testing

@testable import Accounting

@Suite struct AcceptancePlanCancelTests {
  @Test func aCancelMarksTheOrderAndIsLogged() {
    var fixture = AcceptanceFixture()
    let order = fixture.store(.buy, 5, at: "100")
    let plan = fixture.plan([AcceptanceFixture.cancel(order)])
    #expect(plan.outcomes == [.cancelAccepted] && plan.orders.isEmpty && plan.accounts.isEmpty)
    #expect(plan.marks == [.init(account: AcceptanceFixture.alice, order: order.id, pending: .cancel)])
    let command = CancelOrder(
      target: order.id, targetSequence: order.sequence, account: AcceptanceFixture.alice,
      instrument: AcceptanceFixture.apple)
    #expect(plan.entries == [.init(shard: AcceptanceFixture.shard, command: .cancel(command), order: nil)])
  }

  @Test func aSecondCancelIsOnItsWayAlready() {
    var fixture = AcceptanceFixture()
    let order = fixture.store(.buy, 5, at: "100")
    let pending = fixture.store(.buy, 1, at: "100", pending: .cancel, sequence: 51)
    let plan = fixture.plan([
      AcceptanceFixture.cancel(order), AcceptanceFixture.cancel(order), AcceptanceFixture.cancel(pending),
    ])
    #expect(plan.outcomes == [.cancelAccepted, .cancelPending, .cancelPending])
    #expect(plan.entries.count == 1 && plan.marks.count == 1)
  }

  @Test func onlyOnesOwnOpenOrdersAreCanceled() {
    var fixture = AcceptanceFixture()
    let order = fixture.store(.buy, 5, at: "100")
    let closed: [OrderStatus] = [.filled, .canceled, .expired, .replaced, .rejected]
    let gone = closed.enumerated().map { fixture.store(.buy, 1, at: "1", status: $1, sequence: 60 + Int64($0)) }
    #expect(
      fixture.plan([AcceptanceFixture.cancel(order, by: AcceptanceFixture.bob)]).outcomes == [
        .refused(.orderNotFound(order.id))
      ])
    #expect(
      fixture.plan(gone.map { AcceptanceFixture.cancel($0) }).outcomes == closed.map { .refused(.orderClosed($0)) })
    fixture.snapshot.targets = [:]
    #expect(fixture.plan([AcceptanceFixture.cancel(order)]).outcomes == [.refused(.orderNotFound(order.id))])
  }

  @Test func ordersOfABlockedAccountCanStillBeCanceled() {
    var fixture = AcceptanceFixture()
    let order = fixture.store(.buy, 5, at: "100")
    fixture.snapshot.accounts[AcceptanceFixture.alice]!.status = .blocked
    #expect(fixture.plan([AcceptanceFixture.cancel(order)]).outcomes == [.cancelAccepted])
    #expect(fixture.plan([AcceptanceFixture.replace(order, quantity: 4)]).outcomes == [.refused(.accountBlocked)])
  }
}

@Suite struct AcceptancePlanReplaceTests {
  @Test func aReplacementInheritsWhatItDoesNotChange() throws {
    var fixture = AcceptanceFixture()
    let order = fixture.store(.buy, 5, at: "100", filled: 2, status: .partiallyFilled)
    let plan = fixture.plan([AcceptanceFixture.replace(order, price: "110")])
    #expect(plan.outcomes == [.accepted(order: 0)])
    let new = try #require(plan.orders.first)
    #expect(new.price == Price("110") && new.quantity == order.quantity && new.filled == order.filled)
    #expect(new.timeInForce == order.timeInForce && new.side == order.side && new.replaces == order.id)
    #expect(new.id > order.id && new.id.shard == AcceptanceFixture.shard && new.leaves == Quantity(rawValue: 3))
    #expect(plan.accounts.map(\.held) == [.dollars(30)], "three open shares at ten dollars more")
    #expect(plan.marks == [.init(account: AcceptanceFixture.alice, order: order.id, pending: .replace)])
    let command = ReplaceOrder(
      order: PlaceOrder(new), target: order.id, targetSequence: order.sequence,
      extraHold: Money.dollars(30).rawValue)
    #expect(plan.entries == [.init(shard: AcceptanceFixture.shard, command: .replace(command), order: 0)])
  }

  @Test func onlyOrdersInTheBookWithNothingPendingAreReplaced() {
    var fixture = AcceptanceFixture()
    let unprocessed = fixture.store(.buy, 1, at: "1", sequence: 101)
    let cancelled = fixture.store(.buy, 1, at: "1", pending: .cancel, sequence: 51)
    let replaced = fixture.store(.buy, 1, at: "1", pending: .replace, sequence: 52)
    let filled = fixture.store(.buy, 1, at: "1", filled: 1, status: .filled, sequence: 53)
    let plan = fixture.plan(
      [unprocessed, cancelled, replaced, filled].map { AcceptanceFixture.replace($0, quantity: 2) })
    #expect(
      plan.outcomes == [
        .refused(.orderNotReplaceable(.accepted)), .refused(.orderNotReplaceable(.pendingCancel)),
        .refused(.orderNotReplaceable(.pendingReplace)), .refused(.orderNotReplaceable(.filled)),
      ])
    let stranger = fixture.plan([AcceptanceFixture.replace(unprocessed, by: AcceptanceFixture.bob, quantity: 2)])
    #expect(stranger.outcomes == [.refused(.orderNotFound(unprocessed.id))])
    #expect(plan.isEmpty && stranger.isEmpty)
  }

  @Test func changesOfOneOrderInOneBatchFollowEachOther() {
    var fixture = AcceptanceFixture()
    let (first, second) = (fixture.store(.buy, 2, at: "10"), fixture.store(.buy, 2, at: "10", sequence: 51))
    let plan = fixture.plan([
      AcceptanceFixture.replace(first, quantity: 3, name: "a"),
      AcceptanceFixture.replace(first, quantity: 4, name: "b"), AcceptanceFixture.cancel(first),
      AcceptanceFixture.cancel(second), AcceptanceFixture.replace(second, quantity: 3, name: "c"),
    ])
    #expect(
      plan.outcomes == [
        .accepted(order: 0), .refused(.orderNotReplaceable(.pendingReplace)), .cancelAccepted, .cancelAccepted,
        .refused(.orderNotReplaceable(.pendingCancel)),
      ])
    #expect(plan.marks.map(\.pending) == [.cancel, .cancel], "each order is marked once, with the last change")
  }

  @Test func aReplacementMustChangeSomethingAndLeaveSomething() {
    var fixture = AcceptanceFixture()
    let order = fixture.store(.buy, 5, at: "100", filled: 2, status: .partiallyFilled)
    func outcome(_ request: AcceptanceRequest) -> AcceptancePlan.Outcome { fixture.plan([request]).outcomes[0] }
    #expect(outcome(AcceptanceFixture.replace(order)) == .refused(.nothingChanged))
    #expect(
      outcome(AcceptanceFixture.replace(order, quantity: 5, price: "100.00", timeInForce: .day))
        == .refused(.nothingChanged))
    #expect(outcome(AcceptanceFixture.replace(order, quantity: 2)) == .refused(.quantityNotAboveFilled))
    #expect(outcome(AcceptanceFixture.replace(order, quantity: 1)) == .refused(.quantityNotAboveFilled))
    #expect(outcome(AcceptanceFixture.replace(order, timeInForce: .gtc)) == .accepted(order: 0))
    #expect(outcome(AcceptanceFixture.replace(order, quantity: 3)) == .accepted(order: 0))
  }

  @Test func aReplacementIsCoveredByWhatIsFreeBesidesTheOldHold() {
    var fixture = AcceptanceFixture()
    let buy = fixture.store(.buy, 9, at: "100")
    func outcome(_ request: AcceptanceRequest) -> AcceptancePlan.Outcome { fixture.plan([request]).outcomes[0] }
    #expect(outcome(AcceptanceFixture.replace(buy, quantity: 10)) == .accepted(order: 0), "$900 held, $100 free")
    #expect(
      outcome(AcceptanceFixture.replace(buy, quantity: 11))
        == .refused(.insufficientBuyingPower(available: .dollars(100), required: .dollars(200))))
    let sell = fixture.store(.sell, 90, at: "200", sequence: 51)
    #expect(outcome(AcceptanceFixture.replace(sell, quantity: 100)) == .accepted(order: 0))
    #expect(
      outcome(AcceptanceFixture.replace(sell, quantity: 101))
        == .refused(
          .insufficientShares(
            requested: Quantity(rawValue: 101), available: Quantity(rawValue: 10), owned: Quantity(rawValue: 100),
            held: Quantity(rawValue: 90))))
  }

  @Test func repeatsOfAReplacementAreRecognisedEvenOnceItIsDone() {
    var fixture = AcceptanceFixture()
    let order = fixture.store(.buy, 5, at: "100", status: .replaced)
    let made = OrderID.order(submittedAt: AcceptanceFixture.now, shard: AcceptanceFixture.shard, random: 5)
    let idempotency = AcceptanceFixture.key("key", content: 11)
    fixture.snapshot.keys[.init(account: AcceptanceFixture.alice, digest: idempotency.digest)] = .init(
      order: made, fingerprint: 11)
    fixture.snapshot.keys[.init(account: AcceptanceFixture.alice, digest: AcceptanceFixture.key("used").digest)] =
      .init(
        order: made, fingerprint: nil)
    let plan = fixture.plan([
      AcceptanceFixture.replace(order, quantity: 6, idempotency: idempotency),
      AcceptanceFixture.replace(order, quantity: 6, name: "used"),
    ])
    #expect(plan.outcomes == [.repeated(made), .refused(.duplicateClientOrderID)])
  }
}
