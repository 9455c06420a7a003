public import Market

/// The times of settlements: a shard's never go back, whosever clock they are by. Who has read its trades up to a time never
/// finds one behind him.
public struct SettlingTime: Hashable, Sendable {
  /// Times that are further ahead than this are not waited for, in microseconds: a day. No clock that may settle is so far off,
  /// and no table of a day is missing that near.
  public static let mostAhead: Int64 = 86_400_000_000

  /// The latest that has been used.
  public private(set) var latest: Timestamp

  /// Begins behind a time.
  public init(after latest: Timestamp = Timestamp(rawValue: 0)) { self.latest = latest }

  /// Learns of a time that has been used.
  public mutating func note(_ time: Timestamp) { latest = max(latest, time) }

  /// The time of a settlement now.
  public func moment(at now: Timestamp) -> Timestamp {
    latest.microseconds(since: now) <= Self.mostAhead ? max(now, latest) : now
  }
}
