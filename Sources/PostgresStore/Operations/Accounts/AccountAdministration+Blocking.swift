public import Market
public import Ports
internal import Postgres

extension AccountAdministration {
  /// Lets an account only look and cancel, on all gateways from the next request on. Repeated, it changes the reason.
  /// - Parameters:
  ///   - reason: Why, for people.
  ///   - cancelsOrders: What the log tells: whether the operator is going to cancel the account's orders.
  /// - Returns: The account's number.
  public func block(
    _ name: AccountName, reason: String, cancelsOrders: Bool = false
  ) async throws(AdministrationError) -> AccountNumber {
    let action = AdminAction(
      "account block", target: name.description, ["reason": reason, "cancel_all": cancelsOrders ? "true" : nil])
    return try await change(name, action, flaw: Self.flaw(reason: reason)) {
      (connection, account) throws(PostgresError) in
      try Self.setStatus(.blocked, .text(reason), of: account, &connection)
    }
  }

  /// Lets an account trade again.
  /// - Parameter reason: Why, for the log.
  public func unblock(_ name: AccountName, reason: String? = nil) async throws(AdministrationError) {
    let action = AdminAction("account unblock", target: name.description, ["reason": reason])
    _ = try await change(name, action, flaw: reason.flatMap(Self.flaw(reason:))) {
      (connection, account) throws(PostgresError) in
      try Self.setStatus(.active, .null, of: account, &connection)
    }
  }

  /// Tells the log what came of cancelling an account's orders, which gateways' own way of acceptance has made durable.
  public func recordCancels(of name: AccountName, outcome: String) async throws(AdministrationError) {
    try await database.record(AdminAction("account cancel-orders", target: name.description), outcome: outcome)
  }

  private static func flaw(reason: String) -> String? {
    guard !(1...maximumReasonBytes).contains(reason.utf8.count) || reason.utf8.contains(0) else { return nil }
    return "a reason has 1 to \(maximumReasonBytes) bytes"
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
