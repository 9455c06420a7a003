/// A time-out: how long something may take before it is given up.
public struct TimeLimit: Hashable, Sendable {
  /// Where it runs.
  public enum Place: String, Sendable, CaseIterable {
    /// PostgreSQL, as a setting of the session.
    case server = "PostgreSQL"
    /// Our end of a connection to PostgreSQL.
    case client = "PostgreSQL client"
    /// Our end of a connection to Redis.
    case redis = "Redis client"
    /// Gateways, before a request is answered.
    case acceptance = "acceptance"
    /// Workers, between each other.
    case ownership = "ownership"
    /// The HTTP server of a role.
    case http = "HTTP"
    /// Our calls of other servers.
    case outgoing = "outgoing HTTP"
    /// A process that ends.
    case stop = "stopping"
  }

  /// What it is called: the setting's name where it is one.
  public let name: String
  public let place: Place
  public let value: Duration
  /// What it bounds, and what happens then.
  public let bounds: String

  /// Whole milliseconds.
  public var milliseconds: Int { Int(value / .milliseconds(1)) }
  /// As PostgreSQL takes it: `4000ms`.
  public var setting: String { "\(milliseconds)ms" }
}

/// That one time-out must be longer than another, or than several one after the other, and why.
public struct TimeLimitOrder: Sendable {
  public let longer: TimeLimit
  /// Added up.
  public let shorter: [TimeLimit]
  public let because: String

  /// Whether it is so.
  public var holds: Bool { shorter.reduce(.zero) { $0 + $1.value } < longer.value }
}
