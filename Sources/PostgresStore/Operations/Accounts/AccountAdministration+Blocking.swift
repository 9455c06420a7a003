package import Market
package import Ports
internal import Postgres

extension AccountAdministration {
  package func block(
    _ name: AccountName, reason: String, cancelsOrders: Bool = false
  ) async throws(AdministrationError) -> AccountNumber {
    let action = AdminAction(
      "account block", target: name.description, ["reason": reason, "cancel_all": cancelsOrders ? "true" : nil])
    return try await change(name, action, flaw: AccountRules.flaw(reason: reason)) {
      (connection, account) throws(PostgresError) in
      try Self.setStatus(.blocked, .text(reason), of: account, &connection)
    }
  }

  package func unblock(_ name: AccountName, reason: String? = nil) async throws(AdministrationError) {
    let action = AdminAction("account unblock", target: name.description, ["reason": reason])
    _ = try await change(name, action, flaw: reason.flatMap(AccountRules.flaw(reason:))) {
      (connection, account) throws(PostgresError) in
      try Self.setStatus(.active, .null, of: account, &connection)
    }
  }

  package func recordCancels(of name: AccountName, outcome: String) async throws(AdministrationError) {
    try await database.record(AdminAction("account cancel-orders", target: name.description), outcome: outcome)
  }

  private static func setStatus(
    _ status: AccountStatus, _ reason: PostgresParameter, of account: AccountNumber,
    _ connection: inout PostgresConnection
  ) throws(PostgresError) -> AdministrationSession.Ending<AccountNumber> {
    let changed = try connection.query(
      PostgresCall(
        AccountStatements.setStatus, [.int8(account.rawValue), .int2(Int16(status.rawValue)), reason]))
    return changed.count == 1 ? .done(account) : .done(account, outcome: AdministrationSession.unchanged)
  }
}
