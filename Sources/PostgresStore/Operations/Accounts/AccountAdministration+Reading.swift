internal import Accounting
package import Market
package import Ports
internal import Postgres

extension AccountAdministration {
  package func list(after: AccountNumber?, limit: Int32) async throws(AdministrationError) -> [AccountRecord] {
    let rows = try await database.query(
      PostgresCall(AccountStatements.list, [.int8(after?.rawValue ?? 0), .int4(limit)]))
    do throws(PostgresError) {
      var accounts: [AccountRecord] = []
      for row in 0..<rows.count { accounts.append(try Self.account(rows, row)) }
      return accounts
    } catch {
      throw AdministrationError(error)
    }
  }

  package func show(_ name: AccountName) async throws(AdministrationError) -> ShownAccount {
    try await database.snapshot { (connection) throws(PostgresError) in
      guard let number = try Self.find(name, &connection) else { return .refused("there is no account \(name)") }
      let parameters: [PostgresParameter] = [.int8(number.rawValue)]
      let rows = try connection.pipeline([
        PostgresCall(AccountStatements.show, parameters), PostgresCall(AccountStatements.positions, parameters),
        PostgresCall(AccountStatements.keys, parameters),
      ])
      return .done(
        ShownAccount(
          account: try Self.account(rows[0], 0), blockReason: rows[0].isNull(0, 8) ? nil : rows[0].text(0, 8),
          positions: Self.positions(rows[1]), keys: Self.keys(rows[2])))
    }
  }

  private static func account(_ rows: PostgresRows, _ row: Int) throws(PostgresError) -> AccountRecord {
    var account = try AccountRecord(
      number: AccountNumber(rawValue: rows.int8(row, 0)), id: UniqueID(rows.uuid(row, 1)), name: rows.text(row, 2),
      status: stored(rows.int2(row, 3)), cash: Money(rawValue: rows.int8(row, 4)),
      held: Money(rawValue: rows.int8(row, 5)), createdAt: Timestamp(rawValue: rows.timestamp(row, 6)))
    account.isSuspended = rows.bool(row, 7)
    return account
  }

  private static func positions(_ rows: PostgresRows) -> [ShownPosition] {
    (0..<rows.count).map {
      ShownPosition(
        symbol: rows.text($0, 0), held: Quantity(rawValue: rows.int8($0, 1)),
        basis: PositionColumns.cost(rows, $0, from: 2))
    }
  }

  private static func keys(_ rows: PostgresRows) -> [ListedKey] {
    (0..<rows.count).map {
      ListedKey(
        id: rows.text($0, 0),
        // As the gateways take a role that a later program knows.
        role: KeyRole(rawValue: rows.text($0, 3)) ?? .readOnly,
        requestsPerMinute: rows.isNull($0, 4) ? nil : rows.int4($0, 4),
        createdAt: Timestamp(rawValue: rows.timestamp($0, 1)),
        revokedAt: rows.isNull($0, 2) ? nil : Timestamp(rawValue: rows.timestamp($0, 2)))
    }
  }
}
