public import Accounting
public import Market

/// Tells how far behind shards are.
public protocol ShardLagReader: Sendable {
  /// How far each shard's log has been written and processed.
  func lags() async throws(StoreError) -> [Shard: ShardLag]
}

/// Answers questions about accounts, orders and instruments from what is committed.
public protocol AccountReader: ShardLagReader {
  /// The account behind an API key, or nil when there is none that is valid.
  func credential(keyID: String) async throws(StoreError) -> Credential?

  /// An account with its money, its shares and what these are worth, all of one moment; or nil.
  func snapshot(of account: AccountNumber) async throws(StoreError) -> AccountSnapshot?

  /// The positions of an account with shares in them, by symbol's instrument number.
  func positions(of account: AccountNumber) async throws(StoreError) -> [PositionRecord]

  /// An order of an account, or nil.
  func order(_ id: OrderID, of account: AccountNumber) async throws(StoreError) -> ShownOrder?

  /// An order of an account by the key of its client order id, or nil.
  func order(clientKey: UniqueID, of account: AccountNumber) async throws(StoreError) -> ShownOrder?

  /// Adds the legs to orders of an account that stand at the head of a class.
  func withLegs(_ orders: [ShownOrder], of account: AccountNumber) async throws(StoreError) -> [ShownOrder]

  /// Orders of an account by submission.
  func orders(_ query: OrderQuery) async throws(StoreError) -> [ShownOrder]

  /// All instruments.
  func instruments() async throws(StoreError) -> [Instrument]

  /// Last prices of all instruments that traded.
  func lastPrices() async throws(StoreError) -> [InstrumentID: Price]

}

/// How far a shard's log has been written and processed.
public struct ShardLag: Hashable, Sendable {
  /// The last accepted command.
  public var last: Sequence
  /// The last settled command.
  public var processed: Sequence

  /// Makes a lag.
  public init(last: Sequence, processed: Sequence) {
    self.last = last
    self.processed = processed
  }

  /// Commands accepted and not yet settled.
  public var commands: Int64 { max(0, last.rawValue - processed.rawValue) }
}

/// What an API key may do.
public enum KeyRole: String, Hashable, Sendable, CaseIterable {
  /// The key may do everything.
  case trading
  /// Look, and change nothing.
  case readOnly = "read-only"
}

/// What an API key proves.
public struct Credential: Hashable, Sendable {
  /// The account.
  public var account: AccountNumber
  /// The account's public identifier.
  public var accountID: UniqueID
  /// SHA-256 of the secret.
  public var secretHash: [UInt8]
  /// What the key may do.
  public var role: KeyRole
  /// Requests a minute of this key; nil for the gateway's own limit.
  public var requestsPerMinute: Int?
  /// The version of the account's keys: it moves when one of them is revoked or changed.
  public var keysVersion: Int64

  /// Makes a credential.
  public init(
    account: AccountNumber, accountID: UniqueID, secretHash: [UInt8], role: KeyRole = .trading,
    requestsPerMinute: Int? = nil, keysVersion: Int64 = 0
  ) {
    self.account = account
    self.accountID = accountID
    self.secretHash = secretHash
    self.role = role
    self.requestsPerMinute = requestsPerMinute
    self.keysVersion = keysVersion
  }
}

/// An account as it is stored.
public struct AccountRecord: Hashable, Sendable {
  /// Its number.
  public var number: AccountNumber
  /// Its public identifier.
  public var id: UniqueID
  /// Its holder's name.
  public var name: String
  /// Whether it may trade.
  public var status: AccountStatus
  /// All of its cash.
  public var cash: Money
  /// The part that open buys hold.
  public var held: Money
  /// When it was opened.
  public var createdAt: Timestamp
  /// Whether its holder has suspended trading.
  public var isSuspended = false

  /// Makes a record.
  public init(
    number: AccountNumber, id: UniqueID, name: String, status: AccountStatus, cash: Money, held: Money,
    createdAt: Timestamp
  ) {
    self.number = number
    self.id = id
    self.name = name
    self.status = status
    self.cash = cash
    self.held = held
    self.createdAt = createdAt
  }
}

/// All that an account has, as of one moment: what is added up is added up of nothing else.
public struct AccountSnapshot: Hashable, Sendable {
  /// The account and its money.
  public var account: AccountRecord
  /// Its positions with shares in them, by their instruments' numbers.
  public var positions: [PositionRecord]
  /// The last prices of what it has shares of; what has never traded has none.
  public var lastPrices: [InstrumentID: Price]
  /// The time of the last event of the account that is in it. An account's times never go back: what it has had executed up
  /// to this time is in, and nothing else is.
  public var through: Timestamp

  /// Makes a snapshot.
  public init(
    account: AccountRecord, positions: [PositionRecord], lastPrices: [InstrumentID: Price], through: Timestamp
  ) {
    self.account = account
    self.positions = positions
    self.lastPrices = lastPrices
    self.through = through
  }
}

/// Shares of one instrument in an account.
public struct PositionRecord: Hashable, Sendable {
  /// Of what.
  public var instrument: InstrumentID
  /// The part that open sells hold.
  public var held: Quantity
  /// The shares and what they cost.
  public var basis: PositionCost

  /// Makes a record.
  public init(instrument: InstrumentID, held: Quantity, basis: PositionCost) {
    self.instrument = instrument
    self.held = held
    self.basis = basis
  }

  /// All shares.
  public var quantity: Quantity { basis.quantity }
  /// What the shares cost together, by average cost.
  public var cost: Money { basis.cost }
}

/// An order and the state that clients see.
public struct ShownOrder: Hashable, Sendable {
  /// The stored order.
  public var record: OrderRecord
  /// What clients see.
  public var status: ShownStatus
  /// The legs below it; nil when it has none or they were not asked for.
  public var legs: [ShownOrder]?
  /// Why it was rejected, canceled or has expired, if that was asked for and there is something to explain (a reason of
  /// ``OrderEvent``).
  public var reason: UInt8?

  /// Makes a shown order.
  public init(record: OrderRecord, status: ShownStatus, legs: [ShownOrder]? = nil, reason: UInt8? = nil) {
    self.record = record
    self.status = status
    self.legs = legs
    self.reason = reason
  }
}

/// Which orders to list.
public struct OrderQuery: Hashable, Sendable {
  /// Which states.
  public enum Scope: String, Hashable, Sendable, CaseIterable {
    case open
    case closed
    case all
  }

  /// Whose orders.
  public var account: AccountNumber
  /// Which states.
  public var scope = Scope.open
  /// Only orders with a greater identifier.
  public var after: OrderID?
  /// Only orders with a smaller identifier.
  public var before: OrderID?
  /// Earliest first instead of latest first.
  public var ascending = false
  /// Most orders.
  public var limit = 50
  /// Only these instruments; nil for all.
  public var instruments: [InstrumentID]?
  /// Only this side.
  public var side: Side?
  /// Whether legs are listed below the heads of their classes only; an open leg then counts as its head being open.
  public var nested = false

  /// Asks for an account's open orders, latest first.
  public init(account: AccountNumber) { self.account = account }
}
