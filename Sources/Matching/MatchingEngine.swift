public import Market

/// The books of many instruments, a shard's for example: commands in, events out.
///
/// A pure value: no clock, no randomness, no input or output; the same commands give the same events and the same
/// ``digest()``. A copy is a snapshot. Best price first, at a price the oldest order first, at the resting order's price.
///
/// Placing, canceling and replacing cost the same whatever the number of orders and all but the same whatever the number of
/// prices (a tree at most 64 steps deep); a fill-or-kill order may also walk the levels and orders within its price.
/// Memory is taken when the number of resting orders reaches a new height, never per command.
public struct MatchingEngine: Sendable {
  /// The largest quantity that one order may carry in a book: 2^40 shares, so that the open shares of a level cannot
  /// overflow.
  public static var maximumQuantity: Quantity { Quantity(rawValue: 1 << quantityBits) }

  static var quantityBits: UInt64 { 40 }

  /// How many commands are carried out between two looks at the room for orders, levels and events.
  static let commandsPerRun = 1024

  var nodes = [OrderNode.free(next: 0)]
  var table: [UInt32] = Array(repeating: 0, count: OrderTable.minimumSize)
  var orderTally = OrderPool.Tally()
  var levels = [PriceLevel()]
  var branches = [TreeBranch()]
  var sides: [BookSide] = []
  var levelMemory: [UInt32] = Array(repeating: 0, count: 16)
  var levelTally = PriceLadder.Tally()
  var books = BookIndex()

  /// Makes an engine without orders, with room for `expectedOrders` before it grows.
  public init(expectedOrders: Int = 0) {
    makeRoom(orders: expectedOrders, levels: 0)
  }

  /// Carries out a batch of commands in order and appends what happens to `events`.
  ///
  /// Commands and events know each other by the command's position in the batch, which holds fewer than 2^31.
  public mutating func apply(_ commands: Span<BookCommand>, into events: inout [BookEvent]) {
    var progress = Matcher.Progress()
    while progress.next < commands.count || progress.waiting != nil {
      if progress.next < commands.count, commands[progress.next].kind == .place {
        openBook(of: commands[progress.next].instrument)
      }
      let end = min(commands.count, progress.next + MatchingEngine.commandsPerRun)
      let run = end - progress.next + 1
      makeRoom(orders: run, levels: run)
      progress = withMatcher(progress) { matcher in
        events.append(addingCapacity: run * 2 + Matcher.eventsPerStep) { room in
          matcher.run(commands, until: end, &room)
        }
        return matcher.progress
      }
    }
  }

  /// Carries out a batch of commands in order and appends what happens to `events`.
  public mutating func apply(_ commands: [BookCommand], into events: inout [BookEvent]) {
    apply(commands.span, into: &events)
  }

  /// Puts an order back at the end of the queue of its price, without matching: for recovery, where the orders of a book
  /// come in their order of priority.
  /// - Throws: ``RestoreRefusal``, and nothing has changed.
  public mutating func restore(_ order: RestingOrder) throws(RestoreRefusal) {
    guard order.leaves > .zero, order.filled >= .zero, order.filled < MatchingEngine.maximumQuantity,
      order.leaves <= MatchingEngine.maximumQuantity - order.filled
    else { throw .invalid(order.order) }
    let command = BookCommand.place(
      order.order, order.side, order.leaves + order.filled, at: order.price, in: order.instrument,
      account: order.account,
      selfTradePrevention: order.selfTradePrevention)
    guard command.isEnterable else { throw .invalid(order.order) }
    let side = SideIndex(UInt32(openBook(of: order.instrument)), order.side)
    makeRoom(orders: 1, levels: 1)
    let incoming = Incoming(command, 0, side, account: order.account, filled: order.filled)
    let refusal: RestoreRefusal? = withMatcher { matcher in
      if matcher.orders.slot(at: matcher.orders.entry(of: order.order)) != 0 { return .duplicateOrder(order.order) }
      if matcher.ladder.bestRank(side.opposite) <= incoming.limit { return .wouldTrade(order.order) }
      matcher.rest(incoming)
      return nil
    }
    if let refusal { throw refusal }
  }

  /// Takes all orders of an instrument out, without events.
  public mutating func remove(_ instrument: InstrumentID) {
    for order in restingOrders(instrument) {
      withMatcher { matcher in matcher.remove(order.order) }
    }
  }

  /// Takes all orders of all instruments out, without events, and gives their memory back.
  public mutating func removeAll() { self = MatchingEngine() }

  @discardableResult
  private mutating func openBook(of instrument: InstrumentID) -> Int {
    let book = books.openBook(of: instrument)
    while sides.count < (book + 1) * 2 { sides.append(BookSide()) }
    return book
  }
}
