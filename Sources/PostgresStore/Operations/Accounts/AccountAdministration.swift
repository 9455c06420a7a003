internal import Digest
package import Market
package import Ports
package import Postgres

/// Accounts in PostgreSQL, as operators keep them.
package struct AccountAdministration: AccountOperations, KeyOperations {
  let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  /// - Parameter actor: Who makes the changes.
  package init(session: PostgresSession, actor: AdminActor = .process) {
    database = AdministrationSession(session: session, actor: actor)
  }

  package func create(name: String, cash: Money) async throws(AdministrationError) -> OpenedAccount {
    let id = UniqueID.random(high: SecureRandom.word(), low: SecureRandom.word())
    let key = APIKey.random()
    let action = AdminAction(
      "account create", target: id.description, ["name": name, "cash": cash.description, "key": key.id])
    let number = try await database.change(action, flaw: AccountRules.flaw(name: name, cash: cash)) {
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
    return OpenedAccount(number: number, id: id, key: key.issued)
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
