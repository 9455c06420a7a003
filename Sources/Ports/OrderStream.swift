public import Market

/// Carries log rows to the shards' owners quickly. It may lose, repeat and reorder them: the log is the truth.
public protocol OrderStream: Sendable {
  /// Appends log rows to their shards' streams.
  func publish(_ entries: [LogEntry]) async throws(StreamError)

  /// Waits for entries behind the given positions, at most `wait`.
  /// - Parameters:
  ///   - positions: Where the reader stands in each shard's stream; nil reads from the beginning.
  ///   - limit: Most entries a shard.
  /// - Returns: What came; empty when nothing did.
  func read(after positions: [Shard: StreamPosition?], limit: Int, wait: Duration) async throws(StreamError)
    -> [StreamEntry]

  /// Drops what is settled from a shard's stream and moves the mirror group, so that its lag shows what is not.
  func trim(_ settled: [Shard: StreamPosition]) async throws(StreamError)

  /// Drops all that shards' streams hold: their owners find it in the log.
  func discard(_ shards: [Shard]) async throws(StreamError)
}

/// A place in a shard's stream.
public struct StreamPosition: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Milliseconds of the stream host's clock.
  public var milliseconds: UInt64
  /// A counter within the millisecond.
  public var counter: UInt64

  /// Makes a position.
  public init(milliseconds: UInt64, counter: UInt64) {
    self.milliseconds = milliseconds
    self.counter = counter
  }

  public static func < (a: StreamPosition, b: StreamPosition) -> Bool {
    a.milliseconds != b.milliseconds ? a.milliseconds < b.milliseconds : a.counter < b.counter
  }

  public var description: String { "\(milliseconds)-\(counter)" }
}

/// A log row as it came out of a stream. What could not be understood or is not known to come from a publisher has no entry:
/// it is skipped and healed from the log.
public struct StreamEntry: Hashable, Sendable {
  /// Which shard's stream.
  public var shard: Shard
  /// Where in it.
  public var position: StreamPosition
  /// The log row, signed by a publisher; nil when it was refused.
  public var entry: LogEntry?
  /// Why it was refused; nil of a good row.
  public var refusal: EntryRefusal?

  /// Makes an entry of a row, or of what is none.
  public init(shard: Shard, position: StreamPosition, entry: LogEntry?, refusal: EntryRefusal = .malformed) {
    self.shard = shard
    self.position = position
    self.entry = entry
    self.refusal = entry == nil ? refusal : nil
  }
}

/// Why the stream could not be reached. `reason` is for the log.
public struct StreamError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What went wrong.
  public var reason: String

  /// Makes an error.
  public init(reason: String) { self.reason = reason }

  public var description: String { reason }
}
