internal import Digest
public import Market
public import Ports
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

  /// The longest reason of a block, in bytes.
  public static let maximumReasonBytes = 500

  let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  /// - Parameter actor: Who makes the changes.
  public init(session: PostgresSession, actor: AdminActor = .process) {
    database = AdministrationSession(session: session, actor: actor)
  }

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
    let id = UniqueID.random(high: SecureRandom.word(), low: SecureRandom.word())
    let key = APIKey.random()
    let action = AdminAction(
      "account create", target: id.description, ["name": name, "cash": cash.description, "key": key.id])
    let number = try await database.change(action, flaw: Self.flaw(name: name, cash: cash)) {
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
        let state = try Self.lock(number, &connection)
        _ = try Journal.deposit(cash, to: number, reference: "opening of \(id)").record(at: state.moment, &connection)
        try Self.pass(state.moment, number, &connection)
      }
      try Self.insert(key, of: number, .trading, nil, &connection)
      return .done(number)
    }
    return Opened(number: number, id: id, key: key)
  }

  private static func flaw(name: String, cash: Money) -> String? {
    guard (1...maximumNameBytes).contains(name.utf8.count), !name.utf8.contains(0) else {
      return "a name has 1 to \(maximumNameBytes) bytes"
    }
    return (Money.zero...maximumAmount).contains(cash) ? nil : "the first deposit is from 0 to \(maximumAmount)"
  }

  /// Runs `body` in a transaction with the account's number, and logs what it does as `action`.
  func change<Value: Sendable>(
    _ name: AccountName, _ action: AdminAction, flaw: String? = nil,
    _ body:
      @Sendable (inout PostgresConnection, AccountNumber) throws(PostgresError) ->
      AdministrationSession.Ending<Value>
  ) async throws(AdministrationError) -> Value {
    try await database.change(action, flaw: flaw) { (connection) throws(PostgresError) in
      guard let number = try Self.find(name, &connection) else { return .refused("there is no account \(name)") }
      return try body(&connection, number)
    }
  }

  /// The number of an account; nil when there is none of that name.
  static func find(
    _ name: AccountName, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> AccountNumber? {
    let call =
      switch name {
      case .id(let id): PostgresCall(AccountStatements.findByID, [.uuid(id.high, id.low)])
      case .number(let number): PostgresCall(AccountStatements.findByNumber, [.int8(number.rawValue)])
      }
    let found = try connection.query(call)
    return found.count == 1 ? AccountNumber(rawValue: found.int8(0, 0)) : nil
  }
}
