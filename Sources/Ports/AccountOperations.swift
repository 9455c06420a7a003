package import Accounting
package import Market

/// What operators do with accounts. Every movement of money and shares is journalled in the transaction that makes it, and
/// every change, made or refused, leaves an entry in the administrative log.
package protocol AccountOperations: Sendable {
  /// Opens an account with a first deposit, if any, and an API key.
  func create(name: String, cash: Money) async throws(AdministrationError) -> OpenedAccount

  /// Brings cash into an account.
  /// - Parameter reference: Names the movement, so that it happens once however often it is asked for; nil draws a name.
  func deposit(_ amount: Money, to name: AccountName, reference: String?) async throws(AdministrationError)
    -> RecordedMovement

  /// Takes cash that no open order holds out of an account.
  func withdraw(_ amount: Money, from name: AccountName, reference: String?) async throws(AdministrationError)
    -> RecordedMovement

  /// Brings shares into an account.
  /// - Parameter cost: What a share cost, for the position's cost basis; nil takes the reference price, or nothing.
  func grant(
    _ quantity: Quantity, of symbol: Symbol, to name: AccountName, cost: Price?, reference: String?
  ) async throws(AdministrationError) -> RecordedMovement

  /// Lets an account only look and cancel, on all gateways from the next request on. Repeated, it changes the reason.
  /// - Parameters:
  ///   - reason: Why, for people.
  ///   - cancelsOrders: What the log records: whether the operator is going to cancel the account's orders.
  /// - Returns: The account's number.
  func block(_ name: AccountName, reason: String, cancelsOrders: Bool) async throws(AdministrationError)
    -> AccountNumber

  /// Records in the log what came of canceling an account's orders, which acceptance has made durable.
  func recordCancels(of name: AccountName, outcome: String) async throws(AdministrationError)

  /// Lets an account trade again.
  /// - Parameter reason: Why, for the log.
  func unblock(_ name: AccountName, reason: String?) async throws(AdministrationError)

  /// Accounts by number, behind `after`, at most `limit`.
  func list(after: AccountNumber?, limit: Int32) async throws(AdministrationError) -> [AccountRecord]

  /// One account, all of one moment.
  func show(_ name: AccountName) async throws(AdministrationError) -> ShownAccount
}

/// What operators do with API keys. Gateways that reach PostgreSQL heed a change at the next request.
package protocol KeyOperations: Sendable {
  /// Gives an account one more API key.
  /// - Parameters:
  ///   - role: What the key may do.
  ///   - requestsPerMinute: Its own limit; nil for the gateways' general one.
  func createKey(of name: AccountName, role: KeyRole, requestsPerMinute: Int32?) async throws(AdministrationError)
    -> IssuedKey

  /// Changes how many requests a minute a key may make; nil leaves it to the gateways' general limit.
  func limitKey(_ id: String, requestsPerMinute: Int32?) async throws(AdministrationError)

  /// Ends an API key for good.
  func revokeKey(_ id: String) async throws(AdministrationError)
}

/// An account that was opened.
package struct OpenedAccount: Hashable, Sendable {
  /// Its number.
  package var number: AccountNumber
  /// Its public identifier.
  package var id: UniqueID
  /// Its first API key.
  package var key: IssuedKey

  /// Describes it.
  package init(number: AccountNumber, id: UniqueID, key: IssuedKey) {
    self.number = number
    self.id = id
    self.key = key
  }
}

/// A new API key. The secret exists here alone: what is stored is its digest.
package struct IssuedKey: Hashable, Sendable {
  /// What names the key.
  package let id: String
  /// What proves it.
  package let secret: String

  /// Names a key and its secret.
  package init(id: String, secret: String) {
    self.id = id
    self.secret = secret
  }
}

/// A movement of money or shares that is recorded.
package struct RecordedMovement: Hashable, Sendable {
  /// What it is known by.
  package var reference: String
  /// Whether it had been recorded before, with equal content, so that nothing moved now.
  package var isRepeat: Bool

  /// Describes a movement.
  package init(reference: String, isRepeat: Bool) {
    self.reference = reference
    self.isRepeat = isRepeat
  }
}

/// An account with everything in it.
package struct ShownAccount: Hashable, Sendable {
  /// The account and its money.
  package var account: AccountRecord
  /// Why it is blocked; nil when it is not, or nobody said.
  package var blockReason: String?
  /// Its shares, by symbol.
  package var positions: [ShownPosition]
  /// Its API keys, oldest first.
  package var keys: [ListedKey]

  /// Describes an account.
  package init(account: AccountRecord, blockReason: String?, positions: [ShownPosition], keys: [ListedKey]) {
    self.account = account
    self.blockReason = blockReason
    self.positions = positions
    self.keys = keys
  }
}

/// An account's shares of one instrument.
package struct ShownPosition: Hashable, Sendable {
  /// The instrument.
  package var symbol: String
  /// The part that open sells hold.
  package var held: Quantity
  /// The shares and what they cost.
  package var basis: PositionCost

  /// Describes a position.
  package init(symbol: String, held: Quantity, basis: PositionCost) {
    self.symbol = symbol
    self.held = held
    self.basis = basis
  }

  /// All shares.
  package var quantity: Quantity { basis.quantity }
  /// What they cost.
  package var cost: Money { basis.cost }
}

/// An API key without its secret, which nobody has.
package struct ListedKey: Hashable, Sendable {
  /// What names it.
  package var id: String
  /// What it may do.
  package var role: KeyRole
  /// Its own limit; nil for the gateways' general one.
  package var requestsPerMinute: Int32?
  /// When it was made.
  package var createdAt: Timestamp
  /// When it was revoked; nil while it is valid.
  package var revokedAt: Timestamp?

  /// Describes a key.
  package init(id: String, role: KeyRole, requestsPerMinute: Int32?, createdAt: Timestamp, revokedAt: Timestamp?) {
    self.id = id
    self.role = role
    self.requestsPerMinute = requestsPerMinute
    self.createdAt = createdAt
    self.revokedAt = revokedAt
  }
}
