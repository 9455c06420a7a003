/// Why the ledger could not do what was asked. Refusals of single requests are not errors.
public enum LedgerError: Error, Hashable, Sendable {
  /// Nothing was stored: the database is away, or gave up a conflict after retries. `reason` names no user's values.
  case unavailable(reason: String)
  /// The connection was lost when the commit was under way and could not be asked again in time: stored once or not at all.
  case outcomeUnknown
  /// The database refused the statement: a fault of ours. Nothing was stored.
  case fault(reason: String)

  /// Whether the same call may succeed later without a change.
  public var isRetriable: Bool {
    switch self {
    case .unavailable: return true
    case .outcomeUnknown, .fault: return false
    }
  }
}
