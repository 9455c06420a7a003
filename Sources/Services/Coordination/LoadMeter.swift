internal import Market
internal import Sharding

/// What a worker's lane has done for one shard since it took it.
struct ShardTally: Hashable, Sendable {
  /// Commands settled.
  var commands = 0
  /// Time spent matching.
  var matching = Duration.zero
  /// Orders in its books now.
  var openOrders = 0
}

/// Turns running totals into rates that follow the load within seconds and do not jump with every batch.
struct LoadMeter: Sendable {
  /// How much of a rate is the latest span's: a quarter.
  private static let share = 4

  private var last: [Shard: ShardTally] = [:]
  private var loads: [Shard: ShardLoad] = [:]
  private var lastBusy = Duration.zero
  private(set) var busyPermille = 0

  /// Takes in the totals after a span of time.
  /// - Parameters:
  ///   - busy: Total time in rounds that had something to do.
  ///   - span: Since the last call.
  mutating func read(_ tallies: [Shard: ShardTally], busy: Duration, span: Duration) -> [Shard: ShardLoad] {
    let microseconds = max(1, span.microseconds)
    loads = tallies.reduce(into: [:]) { fresh, entry in
      let (shard, tally) = entry
      // A shard that was given up and taken again starts anew.
      let before = last[shard].flatMap { $0.commands <= tally.commands ? $0 : nil } ?? ShardTally()
      let old = loads[shard] ?? ShardLoad()
      let rate = (tally.commands - before.commands) * 1_000_000 / microseconds
      let matching = (tally.matching - before.matching).nanoseconds * 1_000 / microseconds
      fresh[shard] = ShardLoad(
        commandsPerSecond: Self.blend(old.commandsPerSecond, rate),
        matchingMicroseconds: Self.blend(old.matchingMicroseconds, matching), openOrders: tally.openOrders)
    }
    busyPermille = min(1_000, Self.blend(busyPermille, (busy - lastBusy).nanoseconds / microseconds))
    lastBusy = busy
    last = tallies
    return loads
  }

  /// Rounded so that a rate of nothing is reached.
  private static func blend(_ old: Int, _ new: Int) -> Int { (old * (share - 1) + new) / share }
}
