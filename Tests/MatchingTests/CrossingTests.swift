import Market
import Matching
import Testing

/// Crossing in parts against the obvious way: look for the best bid and the best ask, each time anew.
@Suite struct CrossingTests {
  private static let instrument = InstrumentID(rawValue: 7)

  /// Orders in their order of time.
  private struct NaiveCall {
    var orders: [RestingOrder]

    private func best(_ side: Side, _ price: Price, before: Int, _ keys: [OrderKey: Int]) -> Int? {
      orders.indices.filter { index in
        let order = orders[index]
        guard order.side == side, keys[order.order]! < before else { return false }
        return side == .buy ? order.price >= price : order.price <= price
      }.min { one, other in
        let (first, second) = (orders[one], orders[other])
        guard first.price == second.price else {
          return side == .buy ? first.price > second.price : first.price < second.price
        }
        return one < other
      }
    }

    /// Deals with one pair; nil when there is none.
    mutating func pair(at price: Price, before: Int, _ keys: [OrderKey: Int]) -> String? {
      guard let bid = best(.buy, price, before: before, keys), let ask = best(.sell, price, before: before, keys) else {
        return nil
      }
      let (buy, sell) = (orders[bid], orders[ask])
      if buy.account == sell.account, buy.account.rawValue != 0 {
        let newer = max(bid, ask)
        let older = min(bid, ask)
        let gone: [Int] =
          switch orders[newer].selfTradePrevention {
          case .cancelNewest: [newer]
          case .cancelOldest: [older]
          case .cancelBoth: [older, newer]
          }
        let names = gone.map { "\(orders[$0].order)" }.joined(separator: "+")
        for index in gone.sorted(by: >) { orders.remove(at: index) }
        return "canceled \(names)"
      }
      let quantity = min(buy.leaves, sell.leaves)
      for index in [bid, ask] { orders[index].leaves -= quantity }
      orders.removeAll { $0.leaves == .zero }
      return "\(buy.order) x \(sell.order): \(quantity) @ \(price.rawValue)"
    }
  }

  private func words(_ events: [BookEvent]) -> [String] {
    var words: [String] = []
    var canceled: [OrderKey] = []
    for event in events {
      if event.kind == .canceled {
        // Of two that are taken out together, each names the other.
        if let last = canceled.last, event.counterpart == last, words.last == "canceled \(last)" {
          words[words.count - 1] += "+\(event.order)"
        } else {
          words.append("canceled \(event.order)")
        }
        canceled.append(event.order)
        continue
      }
      canceled = []
      let (buy, sell) =
        event.side == .buy ? (event.order, event.counterpart) : (event.counterpart, event.order)
      words.append("\(buy) x \(sell): \(event.quantity) @ \(event.price.rawValue)")
    }
    return words
  }

  /// Parts of any size, with cancels, reductions and replacements between them, and orders that come too late.
  @Test(arguments: [UInt64](1...150), [1, 2, 7, 40] as [Int64])
  func partsDealWithTheSamePairs(seed: UInt64, limit: Int64) {
    var random = RandomCommands(seed: seed, priceSpan: 9)
    var book = AuctionBook(instrument: Self.instrument)
    var ignored: [BookEvent] = []
    for command in random.batch(160) where command.instrument == Self.instrument {
      book.apply(command, at: 0, into: &ignored)
    }
    guard let price = book.price(reference: Price(rawValue: Int64(random.number(1...9)))) else { return }
    var naive = NaiveCall(orders: book.orders)
    // When each came: those of later numbers do not take part.
    var moments = Dictionary(uniqueKeysWithValues: book.orders.map { ($0.order, 0) })
    var queue = book.queue(at: price)
    var isMore = true
    var parts = 0
    while isMore {
      parts += 1
      var events: [BookEvent] = []
      let (pairs, more) = book.cross(&queue, at: price, limit: limit, into: &events)
      #expect(pairs <= limit)
      var expected: [String] = []
      while expected.count < Int(limit), let pair = naive.pair(at: price, before: 1, moments) { expected.append(pair) }
      #expect(words(events) == expected, "seed \(seed), part \(parts)")
      #expect(
        book.orders
          == naive.orders.map { order in
            var order = order
            order.filled = book.find(order.order)?.filled ?? .zero
            return order
          }, "seed \(seed), part \(parts)")
      guard book.orders.count == naive.orders.count else { return }
      isMore = more
      // One command of any kind between two parts.
      for command in random.batch(4) where command.instrument == Self.instrument {
        var found: [BookEvent] = []
        book.apply(command, at: 0, into: &found)
        for event in found {
          switch event.kind {
          case .accepted: moments[event.order] = 1
          case .replaced:
            moments[event.order] = event.keepsPriority ? moments[event.counterpart] : 1
            if event.keepsPriority { queue.replaced(event.counterpart, by: event.order) }
          default: break
          }
        }
        naive.orders = book.orders
      }
      // Who takes over finds the queue anew.
      if random.number(0...2) == 0 { queue = book.queue(at: price) { moments[$0] == 0 } }
      if !isMore { isMore = naive.orders.contains { _ in false } }
    }
  }
}
