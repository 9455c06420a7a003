internal import Ports
internal import Postgres

extension StoreError {
  /// What a database error means to a caller whose transaction cannot have been committed.
  init(_ error: PostgresError) {
    switch error {
    case .unreachable, .connectionLost: self = .unavailable(.connection, reason: error.description)
    case .server where error.isOutage || error.isConflict:
      self = .unavailable(Cause(error), reason: error.description)
    case .server where error.isAboutSchema:
      self = .unavailable(
        .schema, reason: "\(error); is the schema this version's? \"buttonwood migrate\" brings it up to date")
    case .missingPartition:
      self = .unavailable(
        .schema,
        reason: "\(error); the leading worker makes days' tables, or \"buttonwood migrate\"")
    case .unknownValue:
      self = .unavailable(.schema, reason: "\(error); is this program as new as the database's schema?")
    case .server: self = .fault(reason: error.description)
    case .protocolFault: self = .fault(reason: error.description)
    }
  }

  /// What an error means to who settles: a fault only where the server refused what the commands would have stored.
  init(settling error: PostgresError) {
    switch error {
    // The whole transaction was in one flush: whether it was committed nobody here knows.
    case .connectionLost, .protocolFault: self = .outcomeUnknown
    case .missingPartition, .unknownValue: self = StoreError(error)
    case .server where !error.isOutage && !error.isConflict && !error.isAboutData:
      self = .unavailable(.schema, reason: error.description)
    case .unreachable, .server: self = StoreError(error)
    }
  }
}

extension StoreError.Cause {
  /// The class of an error after which a transaction may be tried again.
  init(_ error: PostgresError) {
    switch error {
    case .unreachable, .connectionLost: self = .connection
    case .server("40001", _): self = .serialization
    case .server("40P01", _): self = .deadlock
    case .server("55P03", _): self = .lockTimeout
    case .missingPartition, .unknownValue: self = .schema
    case .server, .protocolFault: self = .outage
    }
  }
}

extension PostgresError {
  /// Whether the server refused because what the statement names is not there, is another, or may not be used: until somebody
  /// has acted, the same statement fails for everybody.
  ///
  /// Source: PostgreSQL 15, appendix A (classes 3D, 3F; 42501 insufficient_privilege, 42703, 42704, 42883, 42P01 undefined
  /// columns, objects, functions, tables).
  fileprivate var isAboutSchema: Bool {
    guard let state else { return false }
    return ["42501", "42703", "42704", "42883", "42P01"].contains(state) || state.hasPrefix("3D")
      || state.hasPrefix("3F")
  }

  /// Whether the server refused because of the rows themselves, so that other rows may pass: cardinality, data, integrity,
  /// views' and external checks, exceptions raised by triggers and functions, limits of a statement, internal errors.
  ///
  /// The list says what counts against a command and not what does not: a missing table, a lost right or whatever else is
  /// wrong with all commands alike must not put one command after the other into quarantine.
  /// Source: PostgreSQL 15, appendix A (classes 21, 22, 23, 38, 39, 44, 54, P0, XX).
  fileprivate var isAboutData: Bool {
    ["21", "22", "23", "38", "39", "44", "54", "P0", "XX"].contains(state?.prefix(2))
  }
}

/// Reads rows of an answer.
/// - Throws: What a value that cannot be read means to a caller.
func readable<Value>(_ read: () throws(PostgresError) -> Value) throws(StoreError) -> Value {
  do throws(PostgresError) { return try read() } catch { throw StoreError(error) }
}

extension PostgresRows {
  /// Reads every row.
  /// - Throws: What a value that cannot be read means to a caller.
  func map<Value>(_ read: (_ row: Int) throws(PostgresError) -> Value) throws(StoreError) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(count)
    do throws(PostgresError) { for row in 0..<count { values.append(try read(row)) } } catch {
      throw StoreError(error)
    }
    return values
  }
}
