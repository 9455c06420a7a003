internal import Digest
public import Market
public import Postgres

/// What operators do with accounts: every movement of money and shares is journalled in the transaction that makes it.
public struct AccountAdministration: Sendable {
  /// The largest amount of one movement: a trillion dollars.
  public static let maximumAmount = Money.dollars(1_000_000_000_000)
  /// The most shares of one grant.
  public static let maximumGrant = Quantity(rawValue: 1_000_000_000_000)
  /// The longest name of an account, in bytes.
  public static let maximumNameBytes = 200
  /// The longest reference, in bytes.
  public static let maximumReferenceBytes = 200

  let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { database = AdministrationSession(session: session) }

  /// An account that was opened.
  public struct Opened: Sendable {
    /// Its number.
    public var number: AccountNumber
    /// Its public identifier.
    public var id: UniqueID
    /// Its first API key.
    public var key: APIKey
  }

  /// Opens an account with a first deposit, if any, and an API key.
  public func create(name: String, cash: Money) async throws(AdministrationError) -> Opened {
    guard (1...Self.maximumNameBytes).contains(name.utf8.count), !name.utf8.contains(0) else {
      throw .refused("a name has 1 to \(Self.maximumNameBytes) bytes")
    }
    guard (Money.zero...Self.maximumAmount).contains(cash) else {
      throw .refused("the first deposit is from 0 to \(Self.maximumAmount)")
    }
    let id = UniqueID.random(high: SecureRandom.word(), low: SecureRandom.word())
    let key = APIKey.random()
    let number = try await database.transaction {
      (connection) throws(PostgresError) -> AdministrationSession.Ending<AccountNumber> in
      let inserted = try connection.query(
        PostgresCall(
          AccountStatements.insertAccount, [.uuid(id.high, id.low), .text(name), .int8(cash.rawValue)]))
      guard inserted.count == 1 else {
        // An earlier attempt whose answer was lost.
        let found = try connection.query(PostgresCall(AccountStatements.findByID, [.uuid(id.high, id.low)]))
        return .done(AccountNumber(rawValue: found.int8(0, 0)))
      }
      let number = AccountNumber(rawValue: inserted.int8(0, 0))
      if cash > .zero {
        _ = try Journal.deposit(cash, to: number, reference: "opening of \(id)").record(&connection)
      }
      try Self.insert(key, of: number, &connection)
      return .done(number)
    }
    return Opened(number: number, id: id, key: key)
  }

  /// Lets an account trade, or only look and cancel.
  public func setStatus(_ status: AccountStatus, of name: AccountName) async throws(AdministrationError) {
    try await onAccount(name) { (connection, account) throws(PostgresError) in
      let parameters: [PostgresParameter] = [.int8(account.rawValue), .int2(Int16(status.rawValue))]
      _ = try connection.query(PostgresCall(AccountStatements.setStatus, parameters))
      return .done(())
    }
  }

  /// Gives an account one more API key.
  public func createKey(of name: AccountName) async throws(AdministrationError) -> APIKey {
    let key = APIKey.random()
    return try await onAccount(name) { (connection, account) throws(PostgresError) in
      try Self.insert(key, of: account, &connection)
      return .done(key)
    }
  }

  /// Ends an API key for good; gateways may honour it for the seconds that they remember keys.
  public func revokeKey(_ id: String) async throws(AdministrationError) {
    guard !id.utf8.contains(0),
      try await database.query(PostgresCall(AccountStatements.revokeKey, [.text(id)])).count == 1
    else { throw .refused("there is no API key \(id)") }
  }

  /// Runs `body` in a transaction with the account's number.
  func onAccount<Value: Sendable>(
    _ name: AccountName,
    _ body:
      @Sendable (inout PostgresConnection, AccountNumber) throws(PostgresError) ->
      AdministrationSession.Ending<Value>
  ) async throws(AdministrationError) -> Value {
    try await database.transaction { (connection) throws(PostgresError) in
      let call =
        switch name {
        case .id(let id): PostgresCall(AccountStatements.findByID, [.uuid(id.high, id.low)])
        case .number(let number): PostgresCall(AccountStatements.findByNumber, [.int8(number.rawValue)])
        }
      let found = try connection.query(call)
      guard found.count == 1 else { return .refused("there is no account \(name)") }
      return try body(&connection, AccountNumber(rawValue: found.int8(0, 0)))
    }
  }

  private static func insert(
    _ key: APIKey, of account: AccountNumber, _ connection: inout PostgresConnection
  ) throws(PostgresError) {
    _ = try connection.query(
      PostgresCall(
        AccountStatements.insertKey,
        [.text(key.id), .int8(account.rawValue), .bytea(key.secretDigest.bytes)]))
  }
}
