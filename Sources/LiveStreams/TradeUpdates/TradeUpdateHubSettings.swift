/// The rhythms and bounds of a gateway's event feed.
package struct TradeUpdateHubSettings: Hashable, Sendable {
  /// How often it is looked for news that no wake-up told of, and for keys that have been revoked.
  package var pollPeriod: Duration = .seconds(1)
  /// Accounts that are read in one statement at most.
  package var accountsAtOnce = 256
  /// Events of one account that are read in one statement at most.
  package var eventsAtOnce = 200
  /// Accounts and keys that are looked at in one statement at most.
  package var inquiryLimit = 5_000
  /// Streams of one account at most; 0 for no limit.
  package var streamsPerAccount = 1_000
  /// How long a WebSocket may stay without proving whose it is.
  package var authenticationLimit: Duration = .seconds(10)
  /// Longest pause after a failed reading.
  package var retryCeiling: Duration = .seconds(1)

  /// The defaults.
  package init() {}
}

/// What a feed counts.
package protocol TradeUpdateHubMeter: Sendable {
  /// Events were handed to streams: each of them as often as it has followers.
  func sent(events: Int)
  /// An event that was news was handed to its streams so long after it was settled.
  func delivered(after span: Duration)
  /// A reading failed.
  func readingFailed()
}
