internal import Digest
public import Market
public import Ports
internal import Postgres

extension AccountAdministration {
  /// A movement that is recorded.
  public struct Movement: Hashable, Sendable {
    /// What it is known by.
    public var reference: String
    /// Whether it had been recorded before, with equal content, so that nothing moved now.
    public var isRepeat: Bool
  }

  /// Brings cash into an account.
  /// - Parameter reference: Names the movement, so that it happens once however often it is asked for; nil draws a name.
  public func deposit(
    _ amount: Money, to name: AccountName, reference: String?
  ) async throws(AdministrationError) -> Movement {
    let moved: Moved = ("deposit", ["amount": amount.description], Self.flaw(amount))
    return try await move(name, reference, moved) { (connection, account, reference) throws(PostgresError) in
      let journal = Journal.deposit(amount, to: account, reference: reference)
      return try Self.apply(journal, account, &connection) { (connection, state) throws(PostgresError) in
        guard state.cash.adding(amount) != nil else { return "the account would hold more than can be counted" }
        try Self.changeCash(account, by: amount, &connection)
        return nil
      }
    }
  }

  /// Takes cash that no open order holds out of an account.
  public func withdraw(
    _ amount: Money, from name: AccountName, reference: String?
  ) async throws(AdministrationError) -> Movement {
    let moved: Moved = ("withdraw", ["amount": amount.description], Self.flaw(amount))
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

  /// Brings shares into an account.
  /// - Parameter cost: What a share cost, for the position's cost basis; nil takes the reference price, or nothing.
  public func grant(
    _ quantity: Quantity, of symbol: Symbol, to name: AccountName, cost: Price?, reference: String?
  ) async throws(AdministrationError) -> Movement {
    let arguments = [
      "symbol": symbol.description, "quantity": quantity.description, "cost": cost?.description,
    ]
    let moved: Moved = ("grant", arguments, Self.flaw(quantity, cost))
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

  private static func flaw(_ amount: Money) -> String? {
    amount > .zero && amount <= maximumAmount ? nil : "an amount is above 0 and at most \(maximumAmount)"
  }

  private static func flaw(_ quantity: Quantity, _ cost: Price?) -> String? {
    guard (Quantity(rawValue: 1)...maximumGrant).contains(quantity) else {
      return "a grant is from 1 to \(maximumGrant) shares"
    }
    let isProper = cost.map { $0 >= Price(rawValue: 0) && $0 <= .maximum } ?? true
    return isProper ? nil : "a share's cost is from 0 to \(Price.maximum)"
  }

  private static func flaw(reference: String?) -> String? {
    guard let reference else { return nil }
    let isProper = (1...maximumReferenceBytes).contains(reference.utf8.count) && !reference.utf8.contains(0)
    return isProper ? nil : "a reference has 1 to \(maximumReferenceBytes) bytes"
  }

  private typealias Ending = AdministrationSession.Ending<Movement>
  /// A movement as the log tells it, and what is wrong with it.
  private typealias Moved = (verb: String, arguments: [String: String?], flaw: String?)

  private func move(
    _ name: AccountName, _ reference: String?, _ moved: Moved,
    _ body: @Sendable (inout PostgresConnection, AccountNumber, String) throws(PostgresError) -> Ending
  ) async throws(AdministrationError) -> Movement {
    let flaw = moved.flaw ?? Self.flaw(reference: reference)
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
        Movement(reference: journal.reference, isRepeat: true), outcome: AdministrationSession.unchanged)
    case .contradicted:
      return .refused("reference \"\(journal.reference)\" stands for another movement; choose a new one")
    case .recorded:
      if let refusal = try change(&connection, state) { return .refused(refusal) }
      try pass(state.moment, account, &connection)
      return .done(Movement(reference: journal.reference, isRepeat: false))
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
