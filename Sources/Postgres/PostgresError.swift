/// Why PostgreSQL could not do what was asked.
public enum PostgresError: Error, Hashable, Sendable {
  /// No connection could be made. Nothing was sent.
  case unreachable(String)
  /// The connection was lost. What was in flight may have happened or not.
  case connectionLost(String)
  /// The server refused: SQLSTATE and its primary message.
  case server(state: String, message: String)
  /// The server refused a row that belongs into a partition that is not there, or into another: its primary message.
  case missingPartition(String)
  /// The server sent a value that this program does not know: a newer one may have written it.
  case unknownValue(String)
  /// The server sent something this driver does not expect: a fault in the program.
  case protocolFault(String)

  /// The SQLSTATE of a refusal.
  public var state: String? {
    switch self {
    case .server(let state, _): return state
    case .missingPartition: return "23514"
    case .unreachable, .connectionLost, .unknownValue, .protocolFault: return nil
    }
  }

  /// Whether this server takes no writes (any more): another one may.
  ///
  /// Source: PostgreSQL 15, appendix A (25006, read_only_sql_transaction).
  public var isReadOnly: Bool { state == "25006" }

  /// Whether running the transaction again may succeed: serialization failure, deadlock, lock timeout.
  ///
  /// Source: PostgreSQL 15, appendix A (class 40, 55P03).
  public var isConflict: Bool { ["40001", "40P01", "55P03"].contains(state) }

  /// Whether the session's role may not do what was asked.
  ///
  /// Source: PostgreSQL 15, appendix A (42501, insufficient_privilege).
  public var isRefusedForLackOfRights: Bool { state == "42501" }

  /// Whether a lock was waited for in vain.
  public var isLockTimeout: Bool { state == "55P03" }

  /// Whether the server is going away, starting up or out of room: nothing was stored, later it may work.
  ///
  /// Source: PostgreSQL 15, appendix A (classes 53, 57; 25006 is a standby; 25P03 an idle time-out).
  public var isOutage: Bool {
    guard let state else { return false }
    return state.hasPrefix("57P") || state.hasPrefix("53") || state.hasPrefix("08") || isReadOnly
      || state == "25P03" || state == "57014"
  }
}

extension PostgresError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreachable(let message): return "PostgreSQL cannot be reached: \(message)"
    case .connectionLost(let message): return "connection to PostgreSQL lost: \(message)"
    case .missingPartition(let message): return "PostgreSQL refused (23514): \(message)"
    case .unknownValue(let message): return message
    case .server(let state, let message): return "PostgreSQL refused (\(state)): \(message)"
    case .protocolFault(let message): return "unexpected answer from PostgreSQL: \(message)"
    }
  }
}
