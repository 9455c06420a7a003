public import Market

/// The name of a worker process: `host-pid-random`, unique over all time.
public struct WorkerID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The name.
  public let rawValue: String
  /// Names a worker.
  public init(rawValue: String) { self.rawValue = rawValue }
  public static func < (a: WorkerID, b: WorkerID) -> Bool { a.rawValue < b.rawValue }
  public var description: String { rawValue }
}

/// The right to commit for a shard, as PostgreSQL handed it out.
public struct Ownership: Hashable, Sendable {
  /// The shard.
  public var shard: Shard
  /// How often it has changed hands.
  public var epoch: Epoch
  /// What the claimer brought: tells two claims of one epoch apart after a fail-over that lost one.
  public var nonce: UInt64
  /// How far the shard had been processed when it was claimed.
  public var processed: Sequence
  /// The branch of the database's history in which it was claimed.
  public var timeline: DatabaseTimeline
  /// The time of the shard's last settlement when it was claimed, by the clock of whoever settled it.
  public var settledAt: Timestamp

  /// Makes an ownership.
  public init(
    shard: Shard, epoch: Epoch, nonce: UInt64, processed: Sequence, timeline: DatabaseTimeline = .unnamed,
    settledAt: Timestamp = Timestamp(rawValue: 0)
  ) {
    self.shard = shard
    self.epoch = epoch
    self.nonce = nonce
    self.processed = processed
    self.timeline = timeline
    self.settledAt = settledAt
  }
}
