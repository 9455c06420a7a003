/// The engine's memory: it grows between runs of commands and is handed to a matcher as spans.
extension MatchingEngine {
  /// Runs `body` on the engine's slots.
  mutating func withMatcher<Result>(
    _ progress: Matcher.Progress = Matcher.Progress(), _ body: (inout Matcher) -> Result
  ) -> Result {
    // Spans of several arrays at once need the arrays in variables of their own: moved out here, and back below.
    var (nodes, table, levels, branches) = (nodes, table, levels, branches)
    var (sides, levelMemory) = (sides, levelMemory)
    (self.nodes, self.table, self.levels, self.branches, self.sides, self.levelMemory) = ([], [], [], [], [], [])
    let result: Result
    do {
      let orders = OrderPool(nodes: nodes.mutableSpan, table: table.mutableSpan, tally: orderTally)
      let ladder = PriceLadder(
        levels: levels.mutableSpan, branches: branches.mutableSpan, sides: sides.mutableSpan,
        memory: levelMemory.mutableSpan, tally: levelTally)
      var matcher = Matcher(orders: orders, ladder: ladder, books: books, progress: progress)
      result = body(&matcher)
      orderTally = matcher.orders.tally
      levelTally = matcher.ladder.tally
    }
    (self.nodes, self.table, self.levels, self.branches) = (nodes, table, levels, branches)
    (self.sides, self.levelMemory) = (sides, levelMemory)
    return result
  }

  /// Makes sure that so many orders and levels can be added.
  mutating func makeRoom(orders: Int, levels: Int) {
    if orderTally.freeCount < orders { growOrders(by: orders - orderTally.freeCount) }
    if levelTally.freeCount < levels { growLevels(by: levels - levelTally.freeCount) }
  }

  private mutating func growOrders(by needed: Int) {
    let first = nodes.count
    let count = grown(first, by: needed)
    nodes.reserveCapacity(count)
    for slot in first..<count {
      nodes.append(.free(next: slot + 1 < count ? UInt32(slot + 1) : orderTally.free))
    }
    orderTally.free = UInt32(first)
    orderTally.freeCount += count - first
    if OrderTable.size(for: count) > table.count { rebuildTable(size: OrderTable.size(for: count)) }
  }

  private mutating func rebuildTable(size: Int) {
    let shift = OrderTable.shift(for: size)
    var rebuilt = [UInt32](repeating: 0, count: size)
    for slot in table where slot != 0 {
      var entry = OrderTable.home(of: nodes[Int(slot)].key, shift: shift)
      while rebuilt[entry] != 0 { entry = (entry + 1) & (size - 1) }
      rebuilt[entry] = slot
    }
    table = rebuilt
  }

  private mutating func growLevels(by needed: Int) {
    let first = levels.count
    let count = grown(first, by: needed)
    levels.reserveCapacity(count)
    branches.reserveCapacity(count)
    for place in first..<count {
      var level = PriceLevel()
      level.worse = place + 1 < count ? UInt32(place + 1) : levelTally.free
      levels.append(level)
      var branch = TreeBranch()
      branch.better = .branch(place + 1 < count ? UInt32(place + 1) : levelTally.freeBranch)
      branches.append(branch)
    }
    levelTally.free = UInt32(first)
    levelTally.freeBranch = UInt32(first)
    levelTally.freeCount += count - first
    var size = levelMemory.count
    while size < count { size *= 2 }
    if size > levelMemory.count { levelMemory = Array(repeating: 0, count: size) }
  }

  /// The next size of an array of slots: a quarter more, so that growing stays rare and little lies idle.
  private func grown(_ count: Int, by needed: Int) -> Int {
    let size = count + max(needed, count / 4)
    precondition(size <= Int(UInt32.max >> 1), "more than 2^31 resting orders or levels")
    return size
  }
}
