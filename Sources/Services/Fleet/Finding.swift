public import Market

/// Something about the exchange that somebody should know or do something about.
public struct Finding: Hashable, Sendable {
  /// How bad it is.
  public enum Severity: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Orders wait or are refused, or soon will be: somebody must act.
    case error
    /// It works, and should not stay like this.
    case warning
    /// Worth knowing.
    case info

    /// The worse comes first.
    public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }

    private var rank: Int {
      switch self {
      case .error: 0
      case .warning: 1
      case .info: 2
      }
    }
  }

  /// What it is, for programs: a name that stays.
  public enum Code: String, Hashable, Sendable, CaseIterable {
    case postgresUnreachable = "postgres_unreachable"
    case redisUnreachable = "redis_unreachable"
    case schemaMissing = "schema_missing"
    case schemaOlder = "schema_older"
    case schemaNewer = "schema_newer"
    case noWorker = "no_worker"
    case noLeader = "no_leader"
    case shardUnowned = "shard_unowned"
    case lagWithoutProgress = "lag_without_progress"
    case quarantine
    case clockSkew = "clock_skew"
    case daysAhead = "days_ahead"
    case haltedLong = "halted_long"
    case standbyLost = "standby_lost"
    case streamEntriesRefused = "stream_entries_refused"
    case damagedKeys = "damaged_keys"
  }

  /// How bad it is.
  public var severity: Severity
  /// What it is.
  public var code: Code
  /// What it is and what helps, for people.
  public var message: String
  /// Since when, as far as that is stored or has been seen.
  public var since: Timestamp?
  /// How long it may last before it counts as an error: it comes and goes when workers do. Until then it is a warning. Nil
  /// for what counts at once.
  public var grace: Duration?

  /// Makes a finding.
  public init(
    _ severity: Severity, _ code: Code, _ message: String, since: Timestamp? = nil, grace: Duration? = nil
  ) {
    self.severity = severity
    self.code = code
    self.message = message
    self.since = since
    self.grace = grace
  }
}
