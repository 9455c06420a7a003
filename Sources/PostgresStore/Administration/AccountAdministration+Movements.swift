internal import Digest
public import Market
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
      return try Self.apply(journal, &connection) { (connection) throws(PostgresError) in
        let (cash, _) = try Self.lockCash(account, &connection)
        guard cash.adding(amount) != nil else { return "the account would hold more than can be counted" }
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
      return try Self.apply(journal, &connection) { (connection) throws(PostgresError) in
        let (cash, held) = try Self.lockCash(account, &connection)
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
      return try Self.apply(journal, &connection) { (connection) throws(PostgresError) in
        try Self.addShares(quantity, of: instrument, at: price, to: account, &connection)
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

  /// Records the journal and lets `change` move the balances; what it returns is why it refuses.
  private static func apply(
    _ journal: Journal, _ connection: inout PostgresConnection,
    _ change: (inout PostgresConnection) throws(PostgresError) -> String?
  ) throws(PostgresError) -> Ending {
    switch try journal.record(&connection) {
    case .repeated:
      return .done(
        Movement(reference: journal.reference, isRepeat: true), outcome: AdministrationSession.unchanged)
    case .contradicted:
      return .refused("reference \"\(journal.reference)\" stands for another movement; choose a new one")
    case .recorded:
      if let refusal = try change(&connection) { return .refused(refusal) }
      return .done(Movement(reference: journal.reference, isRepeat: false))
    }
  }

  private static func lockCash(
    _ account: AccountNumber, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> (cash: Money, held: Money) {
    let row = try connection.query(PostgresCall(AccountStatements.lockAccount, [.int8(account.rawValue)]))
    return (Money(rawValue: row.int8(0, 0)), Money(rawValue: row.int8(0, 1)))
  }

  private static func changeCash(
    _ account: AccountNumber, by amount: Money, _ connection: inout PostgresConnection
  ) throws(PostgresError) {
    let parameters: [PostgresParameter] = [.int8(account.rawValue), .int8(amount.rawValue)]
    _ = try connection.query(PostgresCall(AccountStatements.changeCash, parameters))
  }

  /// Locks the account before its position, as acceptance does.
  private static func addShares(
    _ quantity: Quantity, of instrument: InstrumentID, at price: Price, to account: AccountNumber,
    _ connection: inout PostgresConnection
  ) throws(PostgresError) -> String? {
    _ = try lockCash(account, &connection)
    let place: [PostgresParameter] = [.int8(account.rawValue), .int4(instrument.rawValue)]
    _ = try connection.query(PostgresCall(AccountStatements.openPosition, place))
    let row = try connection.query(PostgresCall(AccountStatements.lockPosition, place))
    let shares = row.int8(0, 0).addingReportingOverflow(quantity.rawValue)
    guard let cost = price.cost(of: quantity), Money(rawValue: row.int8(0, 1)).adding(cost) != nil, !shares.overflow
    else {
      return "the position would be larger than can be counted"
    }
    let change: [PostgresParameter] = [.int8(quantity.rawValue), .int8(cost.rawValue)]
    _ = try connection.query(PostgresCall(AccountStatements.changePosition, place + change))
    return nil
  }
}
