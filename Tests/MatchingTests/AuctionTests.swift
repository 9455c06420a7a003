import EngineLab
import Market
import Matching
import Testing

/// Call auctions.
@Suite struct AuctionTests {
  /// Orders in their order of time: side, quantity, price in 1/10000; the first has key 1.
  private func orders(_ list: [(Side, Int64, Int64)]) -> [RestingOrder] {
    list.enumerated().map { position, order in
      RestingOrder(
        order: OrderKey(position + 1), instrument: InstrumentID(rawValue: 1), account: AccountNumber(rawValue: 0),
        side: order.0, price: Price(rawValue: order.2), leaves: Quantity(rawValue: order.1))
    }
  }

  private func trade(_ buy: OrderKey, _ sell: OrderKey, _ quantity: Int64) -> Auction.Trade {
    Auction.Trade(buy: buy, sell: sell, quantity: Quantity(rawValue: quantity))
  }

  @Test func mostSharesTradeAtOnePrice() {
    let cross = Auction(
      orders([(.buy, 50, 101), (.buy, 30, 100), (.buy, 50, 99), (.sell, 40, 98), (.sell, 60, 100), (.sell, 10, 102)])
    ).cross()
    #expect(cross?.price == Price(rawValue: 100))
    #expect(cross?.quantity == Quantity(rawValue: 80))
    #expect(cross?.trades == [trade(1, 4, 40), trade(1, 5, 10), trade(2, 5, 30)])
  }

  @Test func olderOrderAtThePriceTradesFirst() {
    let cross = Auction(orders([(.buy, 30, 100), (.buy, 50, 100), (.sell, 60, 100)])).cross()
    #expect(cross?.trades == [trade(1, 3, 30), trade(2, 3, 30)])
  }

  @Test func everyBetterPricedOrderIsFilledWhole() {
    // At 99 as many shares would trade, but the bid at 100 would not be filled whole.
    let cross = Auction(orders([(.buy, 100, 100), (.sell, 60, 99)])).cross()
    #expect(cross?.price == Price(rawValue: 100))
  }

  @Test func referenceDecidesBetweenEqualPrices() {
    let list = orders([(.buy, 10, 105), (.sell, 10, 95)])
    #expect(Auction(list).cross()?.price == Price(rawValue: 95))
    #expect(Auction(list).cross(reference: Price(rawValue: 104))?.price == Price(rawValue: 105))
    #expect(Auction(list).cross(reference: Price(rawValue: 96))?.price == Price(rawValue: 95))
  }

  @Test func nothingCrossesNothingTrades() {
    #expect(Auction([]).cross() == nil)
    #expect(Auction(orders([(.buy, 10, 100)])).cross() == nil)
    #expect(Auction(orders([(.buy, 10, 100), (.sell, 10, 101)])).cross() == nil)
  }

  /// What the rule says, checked at every price the slow way.
  @Test(arguments: [UInt64](1...200))
  func priceObeysTheRule(seed: UInt64) {
    var random = RandomCommands(seed: seed)
    let count = random.number(1...40)
    let list = orders(
      (0..<count).map { _ in
        (random.number(0...1) == 0 ? .buy : .sell, Int64(random.number(1...9)), Int64(random.number(1...12)))
      })
    func sum(_ side: Side, _ isIn: (Int64) -> Bool) -> Int64 {
      list.filter { $0.side == side && isIn($0.price.rawValue) }.map(\.leaves.rawValue).reduce(0, +)
    }
    var best: Int64 = 0
    for price in 1...12 as ClosedRange<Int64> {
      let volume = min(sum(.buy) { $0 >= price }, sum(.sell) { $0 <= price })
      if sum(.buy, { $0 > price }) <= volume, sum(.sell, { $0 < price }) <= volume { best = max(best, volume) }
    }
    guard let cross = Auction(list).cross() else {
      #expect(best == 0, "seed \(seed)")
      return
    }
    let price = cross.price.rawValue
    #expect(cross.quantity.rawValue == best, "seed \(seed)")
    #expect(cross.trades.map(\.quantity.rawValue).reduce(0, +) == best, "seed \(seed)")
    for order in list {
      let traded = cross.trades.filter { $0.buy == order.order || $0.sell == order.order }.map(\.quantity.rawValue)
      let total = traded.reduce(0, +)
      let isBetter = order.side == .buy ? order.price.rawValue > price : order.price.rawValue < price
      let isWorse = order.side == .buy ? order.price.rawValue < price : order.price.rawValue > price
      if isBetter { #expect(total == order.leaves.rawValue, "seed \(seed)") }
      if isWorse { #expect(total == 0, "seed \(seed)") }
      #expect(total <= order.leaves.rawValue, "seed \(seed)")
    }
  }

  @Test func sharedAuctionAgreesTradeByTrade() throws {
    let name = "data/SSE_600519_2023-02-07_open_auction"
    guard let orders = Shared.path("\(name).orders.csv.gz"), let trades = Shared.path("\(name).trades.csv.gz") else {
      return
    }
    let check = try AuctionCheck(orders: orders, trades: trades)
    #expect(check.firstDifferences == [])
    #expect((check.tradesExpected, check.tradesEqual) == (334, 334))
    #expect(check.result == "price 18080800, volume 42718")
  }
}
