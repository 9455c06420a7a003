public import Market

/// What stands in the books.
extension MatchingEngine {
  /// How many orders rest in all books.
  public var restingCount: Int { nodes.count - 1 - orderTally.freeCount }

  /// The instruments that have or had orders, in the order in which they were first seen.
  public var instruments: [InstrumentID] { books.instruments }

  /// Whether an order rests in a book.
  public func contains(_ order: OrderKey) -> Bool { slot(of: order) != 0 }

  /// The resting order with this key, if there is one.
  public func find(_ order: OrderKey) -> RestingOrder? {
    let slot = slot(of: order)
    return slot == 0 ? nil : restingOrder(nodes[Int(slot)])
  }

  /// The best price of a side and what stands there; nil when the side is empty.
  public func best(_ side: Side, _ instrument: InstrumentID) -> DepthLevel? {
    let level = bestLevel(side, instrument)
    return level == 0 ? nil : depthLevel(level)
  }

  /// The best prices of a side, best first, at most `levels` of them.
  public func depth(_ instrument: InstrumentID, _ side: Side, levels count: Int) -> [DepthLevel] {
    var depth: [DepthLevel] = []
    var level = bestLevel(side, instrument)
    while level != 0, depth.count < count {
      depth.append(depthLevel(level))
      level = levels[Int(level)].worse
    }
    return depth
  }

  /// All orders of an instrument in their order of priority: bids first, the best price first, the oldest first.
  public func restingOrders(_ instrument: InstrumentID) -> [RestingOrder] {
    var orders: [RestingOrder] = []
    for side in Side.allCases { forEach(side, instrument) { orders.append(restingOrder($0)) } }
    return orders
  }

  /// How many orders of an instrument rest; costs a look at each.
  public func restingCount(_ instrument: InstrumentID) -> Int {
    var count = 0
    for side in Side.allCases { forEach(side, instrument) { _ in count += 1 } }
    return count
  }

  /// A hash of all books, orders in their order of priority, for comparing replays: equal books have equal digests
  /// whatever their history. Instruments count in order of their numbers, those without orders not at all.
  public func digest() -> UInt64 {
    var print = Fingerprint()
    for instrument in books.instruments.sorted() {
      for order in restingOrders(instrument) {
        print.add(order.instrument.rawValue)
        print.add(order.side.rawValue)
        print.add(order.selfTradePrevention.rawValue)
        print.add(order.order)
        print.add(order.account.rawValue)
        print.add(order.price.rawValue)
        print.add(order.leaves.rawValue)
        print.add(order.filled.rawValue)
      }
    }
    return print.value
  }

  /// Bytes of memory that the engine holds, room for growth included.
  public var memoryFootprint: Int {
    nodes.capacity * MemoryLayout<OrderNode>.stride + table.capacity * MemoryLayout<UInt32>.stride
      + levels.capacity * MemoryLayout<PriceLevel>.stride + branches.capacity * MemoryLayout<TreeBranch>.stride
      + levelMemory.capacity * MemoryLayout<UInt32>.stride + sides.capacity * MemoryLayout<BookSide>.stride
  }

  private func slot(of order: OrderKey) -> UInt32 {
    var entry = OrderTable.home(of: order, shift: OrderTable.shift(for: table.count))
    while table[entry] != 0, nodes[Int(table[entry])].key != order { entry = (entry + 1) & (table.count - 1) }
    return table[entry]
  }

  private func bestLevel(_ side: Side, _ instrument: InstrumentID) -> UInt32 {
    guard let book = books.book(of: instrument) else { return 0 }
    return sides[SideIndex(UInt32(book), side).position].best
  }

  private func depthLevel(_ level: UInt32) -> DepthLevel {
    DepthLevel(price: levels[Int(level)].price, quantity: levels[Int(level)].total)
  }

  private func forEach(_ side: Side, _ instrument: InstrumentID, _ body: (OrderNode) -> Void) {
    var level = bestLevel(side, instrument)
    while level != 0 {
      var slot = levels[Int(level)].oldest
      while slot != 0 {
        body(nodes[Int(slot)])
        slot = nodes[Int(slot)].younger
      }
      level = levels[Int(level)].worse
    }
  }

  private func restingOrder(_ node: OrderNode) -> RestingOrder {
    let level = levels[Int(node.level)]
    return RestingOrder(
      order: node.key, instrument: level.instrument, account: node.account, side: level.side.side, price: level.price,
      leaves: node.leaves, filled: node.filled, selfTradePrevention: node.selfTradePrevention)
  }
}

extension MatchingEngine {
  /// Open shares of all orders at a price of a side.
  public func quantity(_ instrument: InstrumentID, _ side: Side, at price: Price) -> Quantity {
    guard price.rawValue > 0, let book = books.book(of: instrument) else { return .zero }
    let rank = Rank(price, side)
    var link = sides[SideIndex(UInt32(book), side).position].root
    while link.isBranch { link = branches[Int(link.place)].link(for: rank) }
    let level = levels[Int(link.place)]
    return link.place != 0 && level.rank == rank ? level.total : .zero
  }
}
