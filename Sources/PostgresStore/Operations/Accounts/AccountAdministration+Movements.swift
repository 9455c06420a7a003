internal import Digest
package import Market
package import Ports
internal import Postgres

extension AccountAdministration {
  package func deposit(
    _ amount: Money, to name: AccountName, reference: String?
  ) async throws(AdministrationError) -> RecordedMovement {
    let moved: Moved = ("deposit", ["amount": amount.description], AccountRules.flaw(amount: amount))
    return try await move(name, reference, moved) { (connection, account, reference) throws(PostgresError) in
      let journal = Journal.deposit(amount, to: account, reference: reference)
      return try Self.apply(journal, account, &connection) { (connection, state) throws(PostgresError) in
        guard state.cash.adding(amount) != nil else { return "the account would hold more than can be counted" }
        try Self.changeCash(account, by: amount, &connection)
        return nil
      }
    }
  }

  package func withdraw(
    _ amount: Money, from name: AccountName, reference: String?
  ) async throws(AdministrationError) -> RecordedMovement {
    let moved: Moved = ("withdraw", ["amount": amount.description], AccountRules.flaw(amount: amount))
    return try await move(name, reference, moved) { (connection, account, reference) throws(PostgresError) in
      let journal = Journal.withdrawal(amount, from: account, reference: reference)
      return try Self.apply(journal, account, &connection) { (connection, state) throws(PostgresError) in
        let (cash, held) = (state.cash, state.held)
        guard amount <= cash - held else {
          return "account \(name) has \(cash - held) to withdraw (\(cash) less \(held) held by open orders)"
        }
        try Self.changeCash(account, by: -amount, &connection)
        return nil
      }
    }
  }

  package func grant(
    _ quantity: Quantity, of symbol: Symbol, to name: AccountName, cost: Price?, reference: String?
  ) async throws(AdministrationError) -> RecordedMovement {
    let arguments = [
      "symbol": symbol.description, "quantity": quantity.description, "cost": cost?.description,
    ]
    let moved: Moved = ("grant", arguments, AccountRules.flaw(grant: quantity, cost: cost))
    return try await move(name, reference, moved) { (connection, account, reference) throws(PostgresError) in
      let found = try connection.query(
        PostgresCall(InstrumentStatements.find, [.text(symbol.description)]))
      guard found.count == 1 else { return .refused("there is no instrument \(symbol)") }
      let instrument = InstrumentID(rawValue: found.int4(0, 0))
      let price = cost ?? Price(rawValue: found.isNull(0, 4) ? 0 : found.int8(0, 4))
      let journal = Journal.grant(quantity, of: instrument, to: account, reference: reference)
      let value = price.cost(of: quantity)
      return try Self.apply(journal, account, cost: value, &connection) { (connection, state) throws(PostgresError) in
        try Self.addShares(quantity, of: instrument, for: value, to: account, at: state.moment, &connection)
      }
    }
  }

  private typealias Ending = AdministrationSession.Ending<RecordedMovement>
  /// A movement as the log tells it, and what is wrong with it.
  private typealias Moved = (verb: String, arguments: [String: String?], flaw: String?)

  private func move(
    _ name: AccountName, _ reference: String?, _ moved: Moved,
    _ body: @Sendable (inout PostgresConnection, AccountNumber, String) throws(PostgresError) -> Ending
  ) async throws(AdministrationError) -> RecordedMovement {
    let flaw = moved.flaw ?? AccountRules.flaw(reference: reference)
    let reference = reference ?? UniqueID.random(high: SecureRandom.word(), low: SecureRandom.word()).description
    let action = AdminAction(
      "account \(moved.verb)", target: name.description, moved.arguments.merging(["reference": reference]) { $1 })
    return try await change(name, action, flaw: flaw) { (connection, account) throws(PostgresError) in
      try body(&connection, account, reference)
    }
  }

  /// An account under its row's lock, and the time of what happens in it next.
  typealias LockedAccount = (cash: Money, held: Money, moment: Timestamp)

  /// Locks the account, as acceptance and settling do first, records the journal in its time and lets `change` move the
  /// balances; what that returns is why it refuses.
  private static func apply(
    _ journal: Journal, _ account: AccountNumber, cost: Money? = nil, _ connection: inout PostgresConnection,
    _ change: (inout PostgresConnection, LockedAccount) throws(PostgresError) -> String?
  ) throws(PostgresError) -> Ending {
    let state = try lock(account, &connection)
    switch try journal.record(at: state.moment, cost: cost, &connection) {
    case .repeated:
      return .done(
        RecordedMovement(reference: journal.reference, isRepeat: true), outcome: AdministrationSession.unchanged)
    case .contradicted:
      return .refused("reference \"\(journal.reference)\" stands for another movement; choose a new one")
    case .recorded:
      if let refusal = try change(&connection, state) { return .refused(refusal) }
      try pass(state.moment, account, &connection)
      return .done(RecordedMovement(reference: journal.reference, isRepeat: false))
    }
  }

  static func lock(
    _ account: AccountNumber, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> LockedAccount {
    let row = try connection.query(PostgresCall(AccountStatements.lockAccount, [.int8(account.rawValue)]))
    return (
      Money(rawValue: row.int8(0, 0)), Money(rawValue: row.int8(0, 1)), Timestamp(rawValue: row.timestamp(0, 2))
    )
  }

  /// The account's time has come to a moment.
  static func pass(
    _ moment: Timestamp, _ account: AccountNumber, _ connection: inout PostgresConnection
  ) throws(PostgresError) {
    let parameters: [PostgresParameter] = [.int8(account.rawValue), .timestamp(microseconds: moment.rawValue)]
    _ = try connection.query(PostgresCall(AccountStatements.passTime, parameters))
  }

  private static func changeCash(
    _ account: AccountNumber, by amount: Money, _ connection: inout PostgresConnection
  ) throws(PostgresError) {
    let parameters: [PostgresParameter] = [.int8(account.rawValue), .int8(amount.rawValue)]
    _ = try connection.query(PostgresCall(AccountStatements.changeCash, parameters))
  }

  private static func addShares(
    _ quantity: Quantity, of instrument: InstrumentID, for value: Money?, to account: AccountNumber,
    at moment: Timestamp, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> String? {
    let place: [PostgresParameter] = [.int8(account.rawValue), .int4(instrument.rawValue)]
    _ = try connection.query(PostgresCall(AccountStatements.openPosition, place))
    let row = try connection.query(PostgresCall(AccountStatements.lockPosition, place))
    let shares = row.int8(0, 0).addingReportingOverflow(quantity.rawValue)
    guard let value, Money(rawValue: row.int8(0, 1)).adding(value) != nil, !shares.overflow
    else {
      return "the position would be larger than can be counted"
    }
    let change: [PostgresParameter] = [
      .int8(quantity.rawValue), .int8(value.rawValue), .timestamp(microseconds: moment.rawValue),
    ]
    _ = try connection.query(PostgresCall(AccountStatements.changePosition, place + change))
    return nil
  }
}
