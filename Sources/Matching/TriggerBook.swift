public import Market

/// Orders that wait outside the books for a trade at their stop price or beyond, by instrument and side.
///
/// A pure value, held beside a ``MatchingEngine`` and told of each trade. What fires leaves it, in this order: buys, the
/// lowest stop first, then sells, the highest stop first; at one stop the order that was entered first.
///
/// Entering and removing cost a search and a shift of the orders of that side; a trade that moves and fires nothing costs
/// two comparisons and a look at each trailing order of the instrument.
public struct TriggerBook: Sendable {
  /// An order whose stop a trade has moved.
  public struct Move: Hashable, Sendable {
    /// Which order.
    public var order: OrderKey
    /// Its stop now.
    public var trigger: Trigger
  }

  /// A waiting order in the order of firing.
  private struct Waiting: Hashable, Sendable {
    /// The stop as its side counts it: the smaller, the sooner it fires.
    var rank: Int64
    var order: OrderKey

    init(_ stop: Price, _ side: Side, _ order: OrderKey) {
      rank = side == .buy ? stop.rawValue : -stop.rawValue
      self.order = order
    }

    /// Whether it fires before another.
    func precedes(_ other: Waiting) -> Bool {
      rank != other.rank ? rank < other.rank : order.entryRank < other.order.entryRank
    }
  }

  /// One side of an instrument. The next to fire stands last, so that taking it out moves nothing.
  private struct Queue: Sendable {
    var waiting: [Waiting] = []
    var trailing: [OrderKey: Trigger] = [:]

    func position(of order: Waiting) -> Int {
      var (low, high) = (0, waiting.count)
      while low < high {
        let middle = (low + high) / 2
        if order.precedes(waiting[middle]) { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  private struct Place: Hashable {
    var instrument: InstrumentID
    var side: Side
  }

  private var queues: [Place: Queue] = [:]

  /// An empty book.
  public init() {}

  /// Whether nothing waits.
  public var isEmpty: Bool { queues.isEmpty }

  /// Takes an order in; its key must not be in use.
  public mutating func insert(_ order: OrderKey, _ trigger: Trigger, _ side: Side, in instrument: InstrumentID) {
    let entry = Waiting(trigger.stop, side, order)
    var queue = queues.removeValue(forKey: Place(instrument: instrument, side: side)) ?? Queue()
    queue.waiting.insert(entry, at: queue.position(of: entry))
    if trigger.trail != nil { queue.trailing[order] = trigger }
    queues[Place(instrument: instrument, side: side)] = queue
  }

  /// Takes an order out; `trigger` is what it was entered with or last moved to.
  public mutating func remove(_ order: OrderKey, _ trigger: Trigger, _ side: Side, in instrument: InstrumentID) {
    let place = Place(instrument: instrument, side: side)
    let entry = Waiting(trigger.stop, side, order)
    guard var queue = queues.removeValue(forKey: place) else { return }
    let position = queue.position(of: entry)
    if position < queue.waiting.count, queue.waiting[position] == entry { queue.waiting.remove(at: position) }
    queue.trailing[order] = nil
    if !queue.waiting.isEmpty { queues[place] = queue }
  }

  /// Follows a trade: stops that trail are moved, then what the price reaches leaves the book.
  /// - Parameter moves: Gets the orders whose stops moved, in order of their entry.
  /// - Returns: What fires, in the order of firing.
  public mutating func trade(at price: Price, in instrument: InstrumentID, moves: inout [Move]) -> [OrderKey] {
    var fired: [OrderKey] = []
    for side in Side.allCases {
      let place = Place(instrument: instrument, side: side)
      guard var queue = queues.removeValue(forKey: place) else { continue }
      TriggerBook.follow(price, side, &queue, &moves)
      let reach = side == .buy ? price.rawValue : -price.rawValue
      while let next = queue.waiting.last, next.rank <= reach {
        queue.waiting.removeLast()
        queue.trailing[next.order] = nil
        fired.append(next.order)
      }
      if !queue.waiting.isEmpty { queues[place] = queue }
    }
    return fired
  }

  private static func follow(_ price: Price, _ side: Side, _ queue: inout Queue, _ moves: inout [Move]) {
    var moved: [Move] = []
    for (order, trigger) in queue.trailing {
      var trigger = trigger
      if trigger.follow(price, side) { moved.append(Move(order: order, trigger: trigger)) }
    }
    guard !moved.isEmpty else { return }
    moved.sort { $0.order.entryRank < $1.order.entryRank }
    for move in moved { queue.trailing[move.order] = move.trigger }
    let keys = Set(moved.map(\.order))
    queue.waiting.removeAll { keys.contains($0.order) }
    queue.waiting += moved.map { Waiting($0.trigger.stop, side, $0.order) }
    queue.waiting.sort { $1.precedes($0) }
    moves += moved
  }
}

extension OrderKey {
  /// How far the number of a leg is moved to the left in a key.
  private static let legShift: UInt64 = 62

  /// The key of an order of a log row: the row's sequence, and beside it the number of a leg (0 to 3).
  public init(_ sequence: Sequence, leg: UInt8) {
    self = UInt64(sequence.rawValue) | UInt64(leg) << OrderKey.legShift
  }

  /// The log row of the order.
  public var sequence: Sequence { Sequence(rawValue: Int64(self & (1 << OrderKey.legShift - 1))) }

  /// Keys in the order in which their rows were logged; within a row the legs in order.
  var entryRank: UInt64 { self << (64 - OrderKey.legShift) | self >> OrderKey.legShift }
}
