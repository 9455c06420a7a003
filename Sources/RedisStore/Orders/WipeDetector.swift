internal import Market
internal import Ports

/// Notices that a stream was wiped under its reader, and from then on reads it from the beginning.
///
/// After a wipe the ids of a stream may run backwards (they come from the host's clock): a reader whose position lies
/// beyond the last id that the stream has handed out would wait for ever.
struct WipeDetector {
  /// How often the streams are asked for their last ids, in nanoseconds. (The server ends a blocked read up to 100 ms late:
  /// at the next tick of its own clock.)
  static let interval: Int64 = 140_000_000

  /// Positions of the caller that lie beyond the end of their stream.
  private var stranded: [Shard: StreamPosition] = [:]
  private var nextCheck: Int64 = 0
  private var generation = 0

  /// Where to read a shard from when its reader stands at `position`.
  func start(of shard: Shard, at position: StreamPosition?) -> StreamPosition {
    guard let position, stranded[shard] != position else { return .beginning }
    return position
  }

  /// Whether it is time to look: at intervals, and at once over a new connection.
  func isDue(now: Int64, generation: Int) -> Bool { now >= nextCheck || generation != self.generation }

  /// The shards whose last ids are worth asking for: those read from somewhere inside.
  func suspects(_ positions: [Shard: StreamPosition?]) -> [Shard] {
    positions.compactMap { shard, position in start(of: shard, at: position) == .beginning ? nil : shard }
  }

  /// Takes note of a look.
  mutating func polled(now: Int64, generation: Int) {
    nextCheck = now + Self.interval
    self.generation = generation
  }

  /// Takes note of the last id of a shard's stream (nil: there is no stream) while its reader stands at `position`.
  mutating func saw(_ last: StreamPosition?, of shard: Shard, at position: StreamPosition) {
    if last.map({ $0 < position }) ?? true { stranded[shard] = position }
  }

  /// Forgets stranded positions that their readers have left.
  mutating func forget(except positions: [Shard: StreamPosition?]) {
    guard !stranded.isEmpty else { return }
    stranded = stranded.filter { shard, position in positions[shard] == .some(position) }
  }
}
