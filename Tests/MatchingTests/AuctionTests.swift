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

  private static func price(_ text: String) -> Price { Price(text)! }

  @Test func referenceDecidesBetweenEqualPrices() {
    let list = orders([(.buy, 10, 105), (.sell, 10, 95)])
    #expect(Auction(list).cross()?.price == Price(rawValue: 95))
    for (reference, price) in [(104, 104), (96, 96), (200, 105), (1, 95)] as [(Int64, Int64)] {
      #expect(Auction(list).cross(reference: Price(rawValue: reference))?.price == Price(rawValue: price))
    }
  }

  /// Between the prices of orders: the price nearest to the reference, on the grid.
  @Test func theWholeGridIsLookedAt() {
    func price(_ reference: String, _ list: [(Side, Int64, String)]) -> Price? {
      let book = Auction(orders(list.map { ($0.0, $0.1, Self.price($0.2).rawValue) }))
      let reference = Self.price(reference)
      #expect(book.indication(reference: reference)?.price == book.cross(reference: reference)?.price)
      return book.cross(reference: reference)?.price
    }
    // Market orders stand at their protection prices.
    #expect(price("10", [(.buy, 40, "10.5"), (.sell, 40, "9.5")]) == Self.price("10"))
    #expect(price("10", [(.buy, 5, "10.40"), (.sell, 5, "9.20")]) == Self.price("10"))
    #expect(
      price(
        "200",
        [
          (.buy, 300, "202"), (.buy, 200, "201"), (.buy, 100, "197"), (.sell, 200, "198"), (.sell, 300, "199"),
          (.sell, 100, "203"),
        ]) == Self.price("200"))
    // Half a cent below: on the grid, the lower of two that are equally near.
    #expect(price("10.005", [(.buy, 5, "10.40"), (.sell, 5, "9.20")]) == Self.price("10"))
    // Across the dollar, where the grid changes.
    #expect(price("1.004", [(.buy, 5, "1.20"), (.sell, 5, "0.90")]) == Self.price("1"))
    #expect(price("0.9873", [(.buy, 5, "1.20"), (.sell, 5, "0.90")]) == Self.price("0.9873"))
    // Nothing lies between neighbours of the grid.
    #expect(price("10.5", [(.buy, 5, "10.01"), (.sell, 5, "10")]) == Self.price("10.01"))
  }

  @Test func nothingCrossesNothingTrades() {
    #expect(Auction([]).cross() == nil)
    #expect(Auction(orders([(.buy, 10, 100)])).cross() == nil)
    #expect(Auction(orders([(.buy, 10, 100), (.sell, 10, 101)])).cross() == nil)
  }

  /// What the rule says of a price.
  private struct Merit {
    var price: Int64
    var volume: Int64
    var left: Int64
    var isPossible: Bool

    init(_ price: Int64, _ list: [RestingOrder]) {
      func sum(_ side: Side, _ isIn: (Int64) -> Bool) -> Int64 {
        list.filter { $0.side == side && isIn($0.price.rawValue) }.map(\.leaves.rawValue).reduce(0, +)
      }
      self.price = price
      let (demand, supply) = (sum(.buy) { $0 >= price }, sum(.sell) { $0 <= price })
      volume = min(demand, supply)
      left = max(demand, supply) - volume
      isPossible = volume > 0 && sum(.buy) { $0 > price } <= volume && sum(.sell) { $0 < price } <= volume
    }
  }

  /// The rule, clause by clause, at every tick: around ten dollars, below one, and across the change of the grid.
  @Test(arguments: [UInt64](1...150), [99_000, 4_000, 9_940] as [Int64])
  func priceObeysTheRule(seed: UInt64, lowest: Int64) throws {
    var random = RandomCommands(seed: seed)
    var ticks: [Int64] = []
    var tick = Price(rawValue: lowest)
    while ticks.count < 90 {
      ticks.append(tick.rawValue)
      tick = Price(rawValue: tick.rawValue + 1).roundedUpToGrid
    }
    let count = random.number(1...12)
    let spread = random.number(1...80)
    let list = orders(
      (0..<count).map { _ in
        (
          random.number(0...1) == 0 ? .buy : .sell, Int64(random.number(1...4)),
          ticks[random.number(0...spread)]
        )
      })
    let reference: Price? = random.number(0...4) == 0 ? nil : Price(rawValue: ticks[random.number(0...89)])
    let possible = ticks.map { Merit($0, list) }.filter(\.isPossible)
    let auction = Auction(list)
    var book = AuctionBook(instrument: InstrumentID(rawValue: 1))
    for order in list { try book.restore(order) }
    #expect(book.price(reference: reference) == auction.cross(reference: reference)?.price)
    #expect(auction.indication(reference: reference)?.price == auction.cross(reference: reference)?.price)
    guard let cross = auction.cross(reference: reference) else {
      #expect(possible.isEmpty, "seed \(seed)")
      return
    }
    let price = cross.price.rawValue
    let found = try #require(possible.first { $0.price == price }, "seed \(seed): \(cross.price) is not possible")
    // Most shares.
    #expect(possible.allSatisfy { $0.volume <= found.volume }, "seed \(seed)")
    // Then the fewest left over.
    let most = possible.filter { $0.volume == found.volume }
    #expect(most.allSatisfy { $0.left >= found.left }, "seed \(seed)")
    // Then the nearest to the reference.
    let best = most.filter { $0.left == found.left }
    func distance(_ merit: Merit) -> Int64 { reference.map { abs($0.rawValue - merit.price) } ?? 0 }
    #expect(best.allSatisfy { distance($0) >= distance(found) }, "seed \(seed)")
    // Then the lower one.
    #expect(best.filter { distance($0) == distance(found) }.allSatisfy { $0.price >= price }, "seed \(seed)")
    #expect(cross.quantity.rawValue == found.volume, "seed \(seed)")
    #expect(cross.trades.map(\.quantity.rawValue).reduce(0, +) == found.volume, "seed \(seed)")
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
