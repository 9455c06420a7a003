internal import Digest
internal import Market
public import Ports
internal import Postgres

extension AccountAdministration {
  /// The most requests a minute that a key's own limit may allow.
  public static let maximumRequestsPerMinute: Int32 = 1_000_000

  /// Gives an account one more API key.
  /// - Parameters:
  ///   - role: What the key may do.
  ///   - requestsPerMinute: Its own limit; nil for the gateways' general one.
  public func createKey(
    of name: AccountName, role: KeyRole = .trading, requestsPerMinute: Int32? = nil
  ) async throws(AdministrationError) -> APIKey {
    let key = APIKey.random()
    let action = AdminAction(
      "account keys create", target: name.description,
      ["key": key.id, "role": role.rawValue, "requests_per_minute": requestsPerMinute.map { "\($0)" }])
    return try await change(name, action, flaw: Self.flaw(requestsPerMinute)) {
      (connection, account) throws(PostgresError) in
      try Self.insert(key, of: account, role, requestsPerMinute, &connection)
      return .done(key)
    }
  }

  /// Changes how many requests a minute a key may make; nil leaves it to the gateways' general limit.
  ///
  /// Gateways that reach PostgreSQL heed it at the next request.
  public func limitKey(_ id: String, requestsPerMinute: Int32?) async throws(AdministrationError) {
    let action = AdminAction(
      "account keys limit", target: id, ["requests_per_minute": requestsPerMinute.map { "\($0)" } ?? "none"])
    try await database.change(action, flaw: Self.flaw(requestsPerMinute) ?? Self.flaw(key: id)) {
      (connection) throws(PostgresError) -> AdministrationSession.Ending<Void> in
      let found = try connection.query(PostgresCall(AccountStatements.lockKey, [.text(id)]))
      guard found.count == 1 else { return .refused("there is no API key \(id)") }
      guard found.isNull(0, 0) else { return .refused("API key \(id) is revoked") }
      let limit: PostgresParameter = requestsPerMinute.map { .int4($0) } ?? .null
      let changed = try connection.query(PostgresCall(AccountStatements.limitKey, [.text(id), limit]))
      return changed.count == 1 ? .done(()) : .done((), outcome: AdministrationSession.unchanged)
    }
  }

  /// Ends an API key for good. Gateways that reach PostgreSQL refuse it from the next request on.
  public func revokeKey(_ id: String) async throws(AdministrationError) {
    let action = AdminAction("account keys revoke", target: id)
    try await database.change(action, flaw: Self.flaw(key: id)) {
      (connection) throws(PostgresError) -> AdministrationSession.Ending<Void> in
      let found = try connection.query(PostgresCall(AccountStatements.lockKey, [.text(id)]))
      guard found.count == 1 else { return .refused("there is no API key \(id)") }
      guard found.isNull(0, 0) else { return .done((), outcome: AdministrationSession.unchanged) }
      _ = try connection.query(PostgresCall(AccountStatements.revokeKey, [.text(id)]))
      return .done(())
    }
  }

  private static func flaw(_ requestsPerMinute: Int32?) -> String? {
    guard let requestsPerMinute, !(1...maximumRequestsPerMinute).contains(requestsPerMinute) else { return nil }
    return "a limit is from 1 to \(maximumRequestsPerMinute) requests a minute"
  }

  private static func flaw(key id: String) -> String? { id.utf8.contains(0) ? "there is no API key \(id)" : nil }

  static func insert(
    _ key: APIKey, of account: AccountNumber, _ role: KeyRole, _ requestsPerMinute: Int32?,
    _ connection: inout PostgresConnection
  ) throws(PostgresError) {
    _ = try connection.query(
      PostgresCall(
        AccountStatements.insertKey,
        [
          .text(key.id), .int8(account.rawValue), .bytea(key.secretDigest.bytes), .text(role.rawValue),
          requestsPerMinute.map { .int4($0) } ?? .null,
        ]))
  }
}
