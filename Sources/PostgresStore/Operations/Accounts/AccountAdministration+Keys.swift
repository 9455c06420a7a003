internal import Digest
internal import Market
package import Ports
internal import Postgres

extension AccountAdministration {
  package func createKey(
    of name: AccountName, role: KeyRole = .trading, requestsPerMinute: Int32? = nil
  ) async throws(AdministrationError) -> IssuedKey {
    let key = APIKey.random()
    let action = AdminAction(
      "account keys create", target: name.description,
      ["key": key.id, "role": role.rawValue, "requests_per_minute": requestsPerMinute.map { "\($0)" }])
    return try await change(name, action, flaw: AccountRules.flaw(requestsPerMinute: requestsPerMinute)) {
      (connection, account) throws(PostgresError) in
      try Self.insert(key, of: account, role, requestsPerMinute, &connection)
      return .done(key.issued)
    }
  }

  package func limitKey(_ id: String, requestsPerMinute: Int32?) async throws(AdministrationError) {
    let action = AdminAction(
      "account keys limit", target: id, ["requests_per_minute": requestsPerMinute.map { "\($0)" } ?? "none"])
    try await database.change(
      action, flaw: AccountRules.flaw(requestsPerMinute: requestsPerMinute) ?? AccountRules.flaw(key: id)
    ) {
      (connection) throws(PostgresError) -> AdministrationSession.Ending<Void> in
      let found = try connection.query(PostgresCall(AccountStatements.lockKey, [.text(id)]))
      guard found.count == 1 else { return .refused("there is no API key \(id)") }
      guard found.isNull(0, 0) else { return .refused("API key \(id) is revoked") }
      let limit: PostgresParameter = requestsPerMinute.map { .int4($0) } ?? .null
      let changed = try connection.query(PostgresCall(AccountStatements.limitKey, [.text(id), limit]))
      return changed.count == 1 ? .done(()) : .done((), outcome: AdministrationSession.unchanged)
    }
  }

  package func revokeKey(_ id: String) async throws(AdministrationError) {
    let action = AdminAction("account keys revoke", target: id)
    try await database.change(action, flaw: AccountRules.flaw(key: id)) {
      (connection) throws(PostgresError) -> AdministrationSession.Ending<Void> in
      let found = try connection.query(PostgresCall(AccountStatements.lockKey, [.text(id)]))
      guard found.count == 1 else { return .refused("there is no API key \(id)") }
      guard found.isNull(0, 0) else { return .done((), outcome: AdministrationSession.unchanged) }
      _ = try connection.query(PostgresCall(AccountStatements.revokeKey, [.text(id)]))
      return .done(())
    }
  }

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
