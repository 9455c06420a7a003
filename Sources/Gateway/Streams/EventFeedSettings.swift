/// The rhythms and bounds of a gateway's event feed.
public struct EventFeedSettings: Hashable, Sendable {
  /// How often it is looked for news that no nudge told of, and for keys that have been revoked.
  public var pollPeriod: Duration = .seconds(1)
  /// Accounts that are read in one statement at most.
  public var accountsAtOnce = 256
  /// Events of one account that are read in one statement at most.
  public var eventsAtOnce = 200
  /// Accounts and keys that are looked at in one statement at most.
  public var inquiryLimit = 5_000
  /// Streams of one account at most; 0 for no limit.
  public var streamsPerAccount = 1_000
  /// How long a WebSocket may stay without proving whose it is.
  public var authenticationLimit: Duration = .seconds(10)
  /// Longest pause after a failed reading.
  public var retryCeiling: Duration = .seconds(1)

  /// The defaults.
  public init() {}
}

/// What a feed counts.
public protocol EventFeedMeter: Sendable {
  /// Events were handed to streams: each of them as often as it has followers.
  func sent(events: Int)
  /// An event that was news was handed to its streams so long after it was settled.
  func delivered(afterMicroseconds: Int64)
  /// A reading failed.
  func readingFailed()
}
