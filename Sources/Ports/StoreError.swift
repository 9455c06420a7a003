/// Why the ledger could not do what was asked. Refusals of single requests are not errors.
public enum StoreError: Error, Hashable, Sendable {
  /// Nothing was stored: the database is away, or gave up a conflict after retries. `reason` names no user's values.
  case unavailable(Cause = .outage, reason: String)
  /// The connection was lost when the commit was under way and could not be asked again in time: stored once or not at all.
  case outcomeUnknown
  /// The database refused the statement: a fault of ours. Nothing was stored.
  case fault(reason: String)

  /// What keeps the ledger from working, as far as a caller or an operator would act differently.
  public enum Cause: String, Hashable, Sendable, CaseIterable {
    /// Two transactions could not both be as if alone.
    case serialization
    /// Two transactions waited for each other.
    case deadlock
    /// Another transaction held a row for too long.
    case lockTimeout = "lock_timeout"
    /// No connection, or one that was lost before a commit was sent.
    case connection
    /// The server is going away, coming up, full or too slow.
    case outage
    /// Schema, rights or settings do not fit the program: nothing goes until an operator has acted.
    case schema
  }

  /// Whether it may pass by itself. What is wrong with schema, rights or stored rows does not: another program, or somebody
  /// who mends it, has to come.
  public var isPassing: Bool {
    switch self {
    case .unavailable(.schema, _), .fault: return false
    case .unavailable, .outcomeUnknown: return true
    }
  }

  /// Whether the database was not reached.
  public var isAboutConnection: Bool {
    switch self {
    case .unavailable(.connection, _), .unavailable(.outage, _), .outcomeUnknown: return true
    case .unavailable, .fault: return false
    }
  }
}

extension StoreError: CustomStringConvertible {
  /// A sentence for people, without any name of ours.
  public var description: String {
    switch self {
    case .unavailable(_, let reason), .fault(let reason): reason
    case .outcomeUnknown:
      "the connection to PostgreSQL was lost during a commit, so what it was to store is there once or not at all"
    }
  }
}
