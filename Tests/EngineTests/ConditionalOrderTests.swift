import Accounting
import Engine
import Market
import Testing

/// Stops, trailing stops and classes, one rule a test.
@Suite struct ConditionalOrderTests {
  typealias Flow = ConditionalFlow

  @Test func buysFireFromTheLowestStopAndSellsFromTheHighestAndEqualsByEntry() {
    var flow = Flow()
    let buys = ["104", "102", "103", "102"].map { flow.place(.buy, 1, at: "110", stop: $0, market: true) }
    flow.trade(at: "105")
    #expect(flow.fired == [buys[1], buys[3], buys[2], buys[0]])
    let sells = ["97", "99", "98", "99"].map { flow.place(.sell, 1, at: "90", stop: $0, market: true) }
    flow.trade(at: "95")
    #expect(Array(flow.fired.dropFirst(4)) == [sells[1], sells[3], sells[2], sells[0]])
  }

  @Test func aStopThatIsReachedAlreadyFiresWhenItIsEntered() {
    var flow = Flow()
    let early = flow.place(.sell, 1, at: "90", stop: "99", market: true)
    #expect(flow.fired == [], "there is no last price yet")
    flow.trade(at: "100")
    let late = flow.place(.buy, 1, at: "110", stop: "100", market: true)
    #expect(flow.fired == [late] && flow.leaves(early) == 1)
  }

  @Test func whatFiresTradesAndFiresMoreBehindWhatWaitsItsTurn() {
    var flow = Flow()
    for (price, row) in [("99", 1), ("98", 2), ("97", 3)] { #expect(flow.place(.buy, 1, at: price) == row) }
    flow.trade(at: "100")
    let first = flow.place(.sell, 1, at: "90", stop: "99", market: true)
    let second = flow.place(.sell, 1, at: "90", stop: "98", market: true)
    let third = flow.place(.sell, 1, at: "90", stop: "97.5", market: true)
    flow.place(.sell, 1, at: "99")
    #expect(flow.fired == [first, second, third], "each trades at the next bid, which fires the next")
    #expect(flow.ending(second) == .fill && flow.ending(third) == .canceled, "no bid is left for the third")
    #expect(Set(flow.events.filter { $0.kind == .triggered }.map(\.sequence)).count == 1, "all by one command")
  }

  @Test func whatFiresPassesItsAccountsOwnOrders() throws {
    var flow = Flow()
    let own = flow.place(.buy, 10, at: "99", account: 7)
    flow.place(.buy, 10, at: "98")
    let stop = flow.place(.sell, 4, at: "90", stop: "99.5", market: true, account: 7, prevention: .cancelOldest)
    flow.place(.buy, 1, at: "99.5")
    flow.place(.sell, 1, at: "99.5")
    #expect(flow.fired == [stop] && flow.ending(stop) == .fill)
    let end = try #require(flow.events.last { $0.order == Flow.id(own) })
    #expect(end.kind == .canceled && end.explanation == "would trade with an order of the same account")
    #expect(flow.events.last { $0.order == Flow.id(stop) }?.filledValue == .dollars(4 * 98))
  }

  @Test func firedLimitOrdersQueueInTheOrderOfFiring() throws {
    var flow = Flow()
    let late = flow.place(.sell, 5, at: "95", stop: "97")
    let early = flow.place(.sell, 5, at: "95", stop: "98")
    flow.trade(at: "96")
    #expect(flow.engine.openOrders().map(\.id) == [Flow.id(early), Flow.id(late)])
    flow.place(.buy, 5, at: "95")
    #expect(flow.ending(early) == .fill && flow.leaves(late) == 5)
  }

  @Test func aTrailingStopFollowsTheBestTradeOnly() {
    var flow = Flow()
    flow.trade(at: "100")
    let row = flow.place(.sell, 1, at: "90", trail: .fraction(150), market: true)
    for price in ["101", "100.2", "103.33", "102"] { flow.trade(at: price) }
    #expect(flow.fired == [])
    let trigger = flow.settlements.flatMap(\.conditions).last { $0.id == Flow.id(row) }?.trigger
    #expect(trigger?.trail?.mark == Price("103.33"))
    #expect(trigger?.stop == Price("101.78"), "103.33 less 1.55 rounded away from the market")
    flow.trade(at: "101.78")
    #expect(flow.fired == [row])
  }

  @Test func aTrailingBuyIsNeverProtectedBeyondWhatItHolds() {
    var flow = Flow()
    flow.trade(at: "100")
    flow.place(.sell, 1, at: "98.7")
    flow.place(.sell, 1, at: "103")
    let row = flow.place(.buy, 3, at: "107.1", trail: .amount(20_000), mark: "100", market: true)
    flow.trade(at: "90")
    #expect(flow.settlements.flatMap(\.conditions).last { $0.id == Flow.id(row) }?.trigger?.stop == Price("92"))
    flow.place(.buy, 1, at: "98.7")
    #expect(flow.fired == [row] && flow.ending(row) == .canceled, "103 is beyond 92 and its collar")
  }

  private static let exits: [(role: OrderRole, price: String, stop: String?)] = [
    (.takeProfit, "110", nil), (.stopLoss, "94", "95"),
  ]

  @Test func exitsHoldWhatTheEntryBuysAndGoLiveWhenItIsFilled() {
    var flow = Flow()
    let entry = flow.place(.buy, 10, at: "100", account: 7, orderClass: .bracket, legs: Self.exits)
    flow.place(.sell, 4, at: "100")
    #expect(flow.heldShares(7) == 4 && flow.ending(entry, leg: 1) == .held && flow.ending(entry, leg: 2) == .held)
    flow.place(.sell, 6, at: "100")
    #expect(flow.heldShares(7) == 10 && flow.ending(entry, leg: 1) == .new && flow.ending(entry, leg: 2) == .new)
    flow.place(.buy, 3, at: "110")
    #expect(flow.leaves(entry, leg: 1) == 7 && flow.leaves(entry, leg: 2) == 7 && flow.heldShares(7) == 7)
    flow.place(.buy, 7, at: "94.5")
    flow.trade(at: "94.5")
    #expect(flow.ending(entry, leg: 1) == .canceled && flow.ending(entry, leg: 2) == .fill && flow.heldShares(7) == 0)
  }

  @Test func anEntryThatEndsPartlyFilledFreesWhatItsExitsHeld() {
    var flow = Flow()
    let entry = flow.place(.buy, 10, at: "100", account: 7, orderClass: .bracket, legs: Self.exits)
    flow.place(.sell, 4, at: "100")
    flow.cancel(entry, of: 7)
    #expect(flow.heldShares(7) == 0)
    #expect(flow.ending(entry, leg: 1) == .canceled && flow.ending(entry, leg: 2) == .canceled)
    #expect(flow.events.suffix(2).allSatisfy { $0.reason == OrderEvent.entryEnded })
  }

  @Test func cancelingAnyOfAClassEndsAllOfIt() {
    for leg in [0, 1, 2] as [UInt8] {
      var flow = Flow()
      let entry = flow.place(.buy, 10, at: "100", account: 7, orderClass: .bracket, legs: Self.exits)
      flow.cancel(entry, leg: leg, of: 7)
      #expect(flow.engine.openOrders().isEmpty, "leg \(leg)")
    }
  }

  /// One incoming order sweeps through the stop of the stop-loss and on into the take-profit: both must not trade.
  @Test func aSweepThroughBothExitsSellsTheSharesOnce() {
    var flow = Flow()
    let oco = flow.place(
      .sell, 10, at: "110", account: 7, orderClass: .oco, legs: [(role: .stopLoss, price: "90", stop: "95")])
    flow.place(.buy, 20, at: "89")
    flow.place(.sell, 1, at: "94")
    flow.place(.buy, 11, at: "110")
    #expect(flow.ending(oco) == .fill && flow.ending(oco, leg: 2) == .canceled && flow.fired == [])
    #expect(flow.heldShares(7) == -10, "all that acceptance held")
  }

  @Test func aStopLossThatFiresEndsTheTakeProfitFirst() {
    var flow = Flow()
    let oco = flow.place(
      .sell, 10, at: "110", account: 7, orderClass: .oco, legs: [(role: .stopLoss, price: "94", stop: "95")])
    flow.trade(at: "95")
    #expect(flow.ending(oco) == .canceled && flow.ending(oco, leg: 2) == .triggered && flow.leaves(oco, leg: 2) == 10)
    flow.place(.buy, 12, at: "110")
    #expect(flow.ending(oco, leg: 2) == .fill && flow.heldShares(7) == -10)
  }
}
