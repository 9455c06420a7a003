public import Accounting
public import Market
public import Ports
internal import Postgres

extension AccountAdministration {
  /// An account with everything in it.
  public struct Shown: Hashable, Sendable {
    /// The account and its money.
    public var account: AccountRecord
    /// Why it is blocked; nil when it is not, or nobody said.
    public var blockReason: String?
    /// Its shares, by symbol.
    public var positions: [Position]
    /// Its API keys, oldest first.
    public var keys: [Key]
  }

  /// Shares of one instrument.
  public struct Position: Hashable, Sendable {
    /// Of what.
    public var symbol: String
    /// The part that open sells hold.
    public var held: Quantity
    /// The shares and what they cost.
    public var basis: PositionCost

    /// All shares.
    public var quantity: Quantity { basis.quantity }
    /// What they cost.
    public var cost: Money { basis.cost }
  }

  /// An API key without its secret, which nobody has.
  public struct Key: Hashable, Sendable {
    /// What names it.
    public var id: String
    /// What it may do.
    public var role: KeyRole
    /// Its own limit; nil for the gateways' general one.
    public var requestsPerMinute: Int32?
    /// When it was made.
    public var createdAt: Timestamp
    /// When it was revoked; nil while it is valid.
    public var revokedAt: Timestamp?
  }

  /// Accounts by number, behind `after`, at most `limit`.
  public func list(after: AccountNumber?, limit: Int32) async throws(AdministrationError) -> [AccountRecord] {
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

  /// One account, all of one moment.
  public func show(_ name: AccountName) async throws(AdministrationError) -> Shown {
    try await database.snapshot { (connection) throws(PostgresError) in
      guard let number = try Self.find(name, &connection) else { return .refused("there is no account \(name)") }
      let parameters: [PostgresParameter] = [.int8(number.rawValue)]
      let rows = try connection.pipeline([
        PostgresCall(AccountStatements.show, parameters), PostgresCall(AccountStatements.positions, parameters),
        PostgresCall(AccountStatements.keys, parameters),
      ])
      return .done(
        Shown(
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

  private static func positions(_ rows: PostgresRows) -> [Position] {
    (0..<rows.count).map {
      Position(
        symbol: rows.text($0, 0), held: Quantity(rawValue: rows.int8($0, 1)),
        basis: PositionColumns.cost(rows, $0, from: 2))
    }
  }

  private static func keys(_ rows: PostgresRows) -> [Key] {
    (0..<rows.count).map {
      Key(
        id: rows.text($0, 0),
        // As the gateways take a role that a later program knows.
        role: KeyRole(rawValue: rows.text($0, 3)) ?? .readOnly,
        requestsPerMinute: rows.isNull($0, 4) ? nil : rows.int4($0, 4),
        createdAt: Timestamp(rawValue: rows.timestamp($0, 1)),
        revokedAt: rows.isNull($0, 2) ? nil : Timestamp(rawValue: rows.timestamp($0, 2)))
    }
  }
}
