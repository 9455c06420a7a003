import Market
import Matching
import Testing

/// Orders that are collected for an auction.
@Suite struct AuctionBookTests {
  private static let instrument = InstrumentID(rawValue: 7)

  /// As long as no prices meet, collecting gives the same events and leaves the same orders as a book that trades.
  @Test(arguments: [UInt64](1...100)) func whatMeetsNothingGoesAsInABookThatTrades(seed: UInt64) {
    var random = RandomCommands(seed: seed)
    var engine = MatchingEngine()
    var book = AuctionBook(instrument: Self.instrument)
    let commands = random.batch(400).filter { $0.instrument == Self.instrument }.map { command in
      var command = command
      command.type = .limit
      command.timeInForce = .day
      command.postOnly = false
      // Asks far above all bids.
      if command.side == .sell, command.price.rawValue > 0 {
        command.price = Price(rawValue: command.price.rawValue % (1 << 40) + (1 << 40))
      } else {
        command.price = Price(rawValue: command.price.rawValue % (1 << 40))
      }
      return command
    }
    for command in commands {
      var (expected, found): ([BookEvent], [BookEvent]) = ([], [])
      engine.apply([command], into: &expected)
      book.apply(command, at: 0, into: &found)
      #expect(found == expected, "seed \(seed)")
    }
    #expect(book.count == engine.restingCount)
    #expect(Set(book.orders) == Set(engine.restingOrders(Self.instrument)), "seed \(seed)")
    let asks = book.orders.filter { $0.side == .sell }.sorted { $0.price < $1.price }
    #expect(asks == engine.restingOrders(Self.instrument).filter { $0.side == .sell }, "time order, seed \(seed)")
  }

  /// A cross moves equal shares on both sides at one price, leaves an order what it did not trade, and what is left stands
  /// apart: it may rest in a book that trades, in the same order of time.
  @Test(arguments: [UInt64](1...300)) func aCrossLeavesABookThatIsNotCrossed(seed: UInt64) throws {
    var random = RandomCommands(seed: seed, priceSpan: 9)
    var book = AuctionBook(instrument: Self.instrument)
    var ignored: [BookEvent] = []
    for command in random.batch(120) where command.instrument == Self.instrument {
      book.apply(command, at: 0, into: &ignored)
    }
    let before = Dictionary(uniqueKeysWithValues: book.orders.map { ($0.order, $0) })
    let reference = Price(rawValue: Int64(random.number(1...9)))
    var events: [BookEvent] = []
    // What was taken out so that nobody traded with itself may leave orders that cross at another price.
    repeat {
      let first = events.count
      let price = book.cross(reference: reference, into: &events)
      let trades = events[first...].filter { $0.kind == .trade }
      #expect((price == nil) == trades.isEmpty && trades.allSatisfy { $0.price == price })
    } while book.isCrossed
    var expected = before
    for event in events {
      switch event.kind {
      case .canceled:
        #expect(event.reason == .selfTrade && expected[event.order]?.leaves == event.quantity)
        #expect(before[event.order]?.account == before[event.counterpart]?.account)
        expected[event.order] = nil
      case .trade:
        let (one, other) = (event.order, event.counterpart)
        #expect(before[one]!.side != before[other]!.side && before[one]!.side == event.side)
        #expect(before[one]!.account != before[other]!.account || before[one]!.account.rawValue == 0)
        for (key, leaves) in [(one, event.leaves), (other, event.counterpartLeaves)] {
          expected[key]!.leaves -= event.quantity
          expected[key]!.filled += event.quantity
          #expect(expected[key]!.leaves == leaves, "seed \(seed)")
          if leaves == .zero { expected[key] = nil }
        }
      default: Issue.record("\(event.kind), seed \(seed)")
      }
    }
    #expect(Set(book.orders) == Set(expected.values), "seed \(seed)")
    var engine = MatchingEngine()
    for order in book.orders { try engine.restore(order) }
    #expect(book.indication() == nil)
  }

  /// An order is the taker of those that stood before it.
  @Test func theLaterOrderIsTheTaker() throws {
    var book = AuctionBook(instrument: Self.instrument)
    var events: [BookEvent] = []
    func place(_ key: OrderKey, _ side: Side, _ quantity: Int64, _ price: Int64) -> BookCommand {
      .place(key, side, Quantity(rawValue: quantity), at: Price(rawValue: price), in: Self.instrument)
    }
    for command in [place(1, .sell, 50, 100), place(2, .buy, 30, 101), place(3, .sell, 10, 99)] {
      book.apply(command, at: 0, into: &events)
    }
    #expect(
      book.indication()
        == Auction.Indication(
          price: Price(rawValue: 100), paired: Quantity(rawValue: 30), imbalance: Quantity(rawValue: 30),
          imbalanceSide: .sell))
    events = []
    #expect(book.cross(into: &events) == Price(rawValue: 100))
    #expect(events.map(\.order) == [3, 2] && events.map(\.counterpart) == [2, 1])
    #expect(events.map(\.side) == [.sell, .buy] && events.map(\.quantity.rawValue) == [10, 20])
    #expect(book.orders.map(\.leaves.rawValue) == [30])
  }

  @Test(arguments: SelfTradePrevention.allCases) func nobodyTradesWithItself(_ prevention: SelfTradePrevention) {
    var book = AuctionBook(instrument: Self.instrument)
    var events: [BookEvent] = []
    for (key, side) in [(1 as OrderKey, Side.buy), (2, .sell)] {
      book.apply(
        .place(
          key, side, Quantity(rawValue: 5), at: Price(rawValue: 10), in: Self.instrument,
          account: AccountNumber(rawValue: 9), selfTradePrevention: prevention), at: 0, into: &events)
    }
    events = []
    #expect(book.cross(into: &events) == nil)
    let gone: [OrderKey] =
      switch prevention {
      case .cancelNewest: [2]
      case .cancelOldest: [1]
      case .cancelBoth: [1, 2]
      }
    #expect(events.map(\.order) == gone && events.allSatisfy { $0.kind == .canceled && $0.reason == .selfTrade })
  }

  @Test func ordersThatContradictEachOtherAreNoBook() {
    let order = RestingOrder(
      order: 1, instrument: Self.instrument, account: AccountNumber(rawValue: 1), side: .buy,
      price: Price(rawValue: 5), leaves: Quantity(rawValue: 1))
    #expect(throws: RestoreRefusal.duplicateOrder(1)) {
      _ = try AuctionBook(instrument: Self.instrument, orders: [order, order])
    }
    var empty = order
    empty.leaves = .zero
    #expect(throws: RestoreRefusal.invalid(1)) { _ = try AuctionBook(instrument: Self.instrument, orders: [empty]) }
  }
}
