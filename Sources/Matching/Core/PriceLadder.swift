internal import Market

/// The levels of all books of an engine, for as long as a batch runs.
///
/// Prices need no grid. The levels of a side are linked from best to worst and hang in a crit-bit tree over their ranks,
/// at most 64 steps deep whatever the prices are. A table remembers where the levels in use were found; what it says is
/// checked, so that it needs no upkeep and prices chosen to collide in it cost a walk down the tree and no more.
struct PriceLadder: ~Copyable, ~Escapable {
  /// What outlives the batch beside the levels.
  struct Tally {
    /// The first free place of a level; each links to the next.
    var free: UInt32 = 0
    /// How many places are free. There are as many branches as levels, and a side needs one branch less than levels.
    var freeCount = 0
    /// The first free branch; each links to the next as its better level.
    var freeBranch: UInt32 = 0
  }

  var levels: MutableSpan<PriceLevel>
  var branches: MutableSpan<TreeBranch>
  var sides: MutableSpan<BookSide>
  private var memory: MutableSpan<UInt32>
  private let shift: UInt64
  var tally: Tally

  @_lifetime(copy levels, copy branches, copy sides, copy memory)
  init(
    levels: consuming MutableSpan<PriceLevel>, branches: consuming MutableSpan<TreeBranch>,
    sides: consuming MutableSpan<BookSide>, memory: consuming MutableSpan<UInt32>, tally: Tally
  ) {
    shift = UInt64(64 - memory.count.trailingZeroBitCount)
    self.levels = levels
    self.branches = branches
    self.sides = sides
    self.memory = memory
    self.tally = tally
  }

  @inline(__always)
  subscript(level: UInt32) -> PriceLevel {
    get { levels[Int(level)] }
    _modify { yield &levels[Int(level)] }
  }

  /// The best rank of a side; ``Rank/none`` when it is empty.
  @inline(__always)
  func bestRank(_ side: SideIndex) -> Rank { sides[side.position].bestRank }

  /// The level of a rank, which is opened when it is not there.
  @inline(__always)
  mutating func level(_ rank: Rank, _ side: SideIndex, _ instrument: InstrumentID) -> UInt32 {
    let mixed = (rank.value ^ UInt64(side.value) &<< 40) &* 0x9E37_79B9_7F4A_7C15
    let place = Int(truncatingIfNeeded: mixed &>> shift)
    let known = memory[place]
    if levels[Int(known)].rank == rank, levels[Int(known)].side == side { return known }
    let found = findOrOpen(rank, side, instrument)
    memory[place] = found
    return found
  }

  @inline(never)
  private mutating func findOrOpen(_ rank: Rank, _ side: SideIndex, _ instrument: InstrumentID) -> UInt32 {
    let nearest = nearestLevel(rank, side)
    if nearest != 0, levels[Int(nearest)].rank == rank { return nearest }
    return open(rank, side, instrument, nearest: nearest)
  }

  private mutating func open(
    _ rank: Rank, _ side: SideIndex, _ instrument: InstrumentID, nearest: UInt32
  ) -> UInt32 {
    let level = tally.free
    precondition(level != 0, "a run of commands began without a free level for each")
    tally.free = levels[Int(level)].worse
    tally.freeCount -= 1
    let better = nearest == 0 ? 0 : plant(level, rank, side, nearest: nearest)
    let worse = better == 0 ? sides[side.position].best : levels[Int(better)].worse
    var opened = PriceLevel()
    opened.rank = rank
    opened.better = better
    opened.worse = worse
    opened.side = side
    opened.instrument = instrument
    levels[Int(level)] = opened
    if worse != 0 { levels[Int(worse)].better = level }
    if better != 0 {
      levels[Int(better)].worse = level
    } else {
      sides[side.position].best = level
      sides[side.position].bestRank = rank
    }
    if nearest == 0 { sides[side.position].root = .level(level) }
    return level
  }

  /// Takes an empty level out.
  @inline(never)
  mutating func close(_ level: UInt32) {
    let closed = levels[Int(level)]
    uproot(closed.rank, closed.side)
    if closed.worse != 0 { levels[Int(closed.worse)].better = closed.better }
    if closed.better != 0 {
      levels[Int(closed.better)].worse = closed.worse
    } else {
      sides[closed.side.position].best = closed.worse
      sides[closed.side.position].bestRank = closed.worse == 0 ? .none : levels[Int(closed.worse)].rank
    }
    var free = PriceLevel()
    free.worse = tally.free
    levels[Int(level)] = free
    tally.free = level
    tally.freeCount += 1
  }
}
