public import Market

/// What a batch of requests is judged by: read in one transaction, with the accounts locked.
public struct AcceptanceSnapshot: Sendable {
  /// An account's money.
  public struct Account: Hashable, Sendable {
    /// Whether it may trade.
    public var status: AccountStatus
    /// All of its cash.
    public var cash: Money
    /// The part of its cash that open orders hold.
    public var held: Money
    /// When its last order was submitted: later ones are submitted later.
    public var lastSubmitted: Timestamp
    /// The version of its keys.
    public var keysVersion: Int64

    /// Makes an account's state.
    public init(
      status: AccountStatus, cash: Money, held: Money, lastSubmitted: Timestamp, keysVersion: Int64 = 0
    ) {
      self.status = status
      self.cash = cash
      self.held = held
      self.lastSubmitted = lastSubmitted
      self.keysVersion = keysVersion
    }
  }

  /// An account's shares of one instrument.
  public struct Position: Hashable, Sendable {
    /// All of its shares.
    public var quantity: Quantity
    /// The shares that open orders hold.
    public var held: Quantity

    /// Makes a position's state.
    public init(quantity: Quantity, held: Quantity) {
      self.quantity = quantity
      self.held = held
    }
  }

  /// Bounds that an operator has set.
  public struct Bounds: Hashable, Sendable {
    /// Of whose orders; nil for everybody's.
    public var account: AccountNumber?
    /// Of orders for what; nil for everything.
    public var instrument: InstrumentID?
    /// The bounds.
    public var bounds: OrderBounds
    /// Makes bounds.
    public init(account: AccountNumber?, instrument: InstrumentID?, bounds: OrderBounds) {
      self.account = account
      self.instrument = instrument
      self.bounds = bounds
    }
  }

  /// Names a position.
  public struct PositionKey: Hashable, Comparable, Sendable {
    /// The account that it belongs to.
    public var account: AccountNumber
    /// Of what.
    public var instrument: InstrumentID

    /// Makes a key.
    public init(account: AccountNumber, instrument: InstrumentID) {
      self.account = account
      self.instrument = instrument
    }

    public static func < (a: PositionKey, b: PositionKey) -> Bool {
      a.account != b.account ? a.account < b.account : a.instrument < b.instrument
    }
  }

  /// Names a request key.
  public struct KeyName: Hashable, Sendable {
    /// The account that it belongs to.
    public var account: AccountNumber
    /// A digest of the key's kind and text.
    public var digest: UniqueID

    /// Makes a name.
    public init(account: AccountNumber, digest: UniqueID) {
      self.account = account
      self.digest = digest
    }
  }

  /// A request key that was used before.
  public struct KeyUse: Hashable, Sendable {
    /// The order it made.
    public var order: OrderID
    /// The digest of the request it came with.
    public var fingerprint: Int64?

    /// Makes a use.
    public init(order: OrderID, fingerprint: Int64?) {
      self.order = order
      self.fingerprint = fingerprint
    }
  }

  /// The accounts of the batch.
  public var accounts: [AccountNumber: Account] = [:]
  /// The positions of the batch's sells.
  public var positions: [PositionKey: Position] = [:]
  /// Keys of the batch that were used before.
  public var keys: [KeyName: KeyUse] = [:]
  /// The orders that cancels and replacements name, and the open ones of the classes of what is to be replaced.
  public var targets: [OrderID: OrderRecord] = [:]
  /// The names of all orders of the classes of what is to be replaced.
  public var classOrders: [OrderName] = []
  /// For requests (by their place in the batch): an open order of the same account that the new order would trade with.
  public var crossing: [Int: OrderID] = [:]
  /// How far each shard has been processed.
  public var processed: [Shard: Sequence] = [:]

  /// Instruments whose orders are collected behind what their logs hold so far: those of the batch's orders that trade at
  /// once or not at all.
  public var collecting: Set<InstrumentID> = []

  /// What operators let the batch's orders be at most.
  public var bounds: [Bounds] = []
  /// The prices that the bounds' collars are measured by.
  public var lastPrices: [InstrumentID: Price] = [:]

  /// An empty snapshot.
  public init() {}
}
