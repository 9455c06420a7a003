internal import Market

/// The slots of all resting orders of an engine and the table that finds them by key, for as long as a batch runs.
struct OrderPool: ~Copyable, ~Escapable {
  /// What outlives the batch beside the slots.
  struct Tally {
    /// The first free slot; each links to the next, the last to ``end``.
    var free = end
    /// How many slots are free.
    var freeCount = 0

    /// No slot.
    static let end = UInt32.max
  }

  private(set) var nodes: MutableSpan<OrderNode>
  private var table: MutableSpan<UInt32>
  private let mask: Int
  private let shift: UInt64
  private(set) var tally: Tally

  @_lifetime(copy nodes, copy table)
  init(nodes: consuming MutableSpan<OrderNode>, table: consuming MutableSpan<UInt32>, tally: Tally) {
    mask = table.count - 1
    shift = OrderTable.shift(for: table.count)
    self.nodes = nodes
    self.table = table
    self.tally = tally
  }

  @inline(__always)
  subscript(slot: UInt32) -> OrderNode {
    get { nodes[Int(slot)] }
    _modify { yield &nodes[Int(slot)] }
  }

  /// The entry of `key`, or the empty entry that it would take.
  @inline(__always)
  func entry(of key: OrderKey) -> Int {
    var entry = OrderTable.home(of: key, shift: shift)
    while true {
      let slot = table[entry]
      if slot == 0 || nodes[Int(slot)].key == key { return entry }
      entry = (entry &+ 1) & mask
    }
  }

  /// The slot that `entry` leads to; 0 for none.
  @inline(__always)
  func slot(at entry: Int) -> UInt32 { table[entry] }

  /// Takes a free slot for the key of the empty `entry`. The caller fills it. A run of commands begins with a free slot for
  /// each; behind the last free one comes a slot that does not exist, so that one too many traps.
  @inline(__always)
  mutating func take(at entry: Int) -> UInt32 {
    let slot = tally.free
    tally.free = nodes[Int(slot)].younger
    tally.freeCount &-= 1
    table[entry] = slot
    return slot
  }

  /// Gives back a slot and the entry that leads to it.
  @inline(__always)
  mutating func free(_ slot: UInt32, at entry: Int) {
    vacate(entry)
    nodes[Int(slot)].younger = tally.free
    tally.free = slot
    tally.freeCount &+= 1
  }

  /// Gives the order that `entry` leads to another key, which is not in the table.
  mutating func rename(at entry: Int, to key: OrderKey) {
    let slot = table[entry]
    vacate(entry)
    nodes[Int(slot)].key = key
    table[self.entry(of: key)] = slot
  }

  /// Empties an entry and moves back those that were pushed past it, so that no search ends too early.
  @inline(__always)
  private mutating func vacate(_ entry: Int) {
    var hole = entry
    var next = (hole &+ 1) & mask
    while true {
      let slot = table[next]
      if slot == 0 { break }
      let home = OrderTable.home(of: nodes[Int(slot)].key, shift: shift)
      if (next &- home) & mask >= (next &- hole) & mask {
        table[hole] = slot
        hole = next
      }
      next = (next &+ 1) & mask
    }
    table[hole] = 0
  }
}
