public import Market

/// A request that passed the rules of form and asks to be accepted: checked against money, shares and other orders.
public enum EntryRequest: Hashable, Sendable {
  /// Place a new order.
  case place(PlaceRequest)
  /// Cancel an order.
  case cancel(CancelRequest)
  /// Put a new order in another's place.
  case replace(ReplaceRequest)

  /// Whose request it is.
  public var account: AccountNumber {
    switch self {
    case .place(let request): return request.account
    case .cancel(let request): return request.account
    case .replace(let request): return request.account
    }
  }

  /// The version of the account's keys under which the caller proved itself; nil for an operator, who needs no key.
  public var keysVersion: Int64? {
    switch self {
    case .place(let request): return request.keysVersion
    case .cancel(let request): return request.keysVersion
    case .replace(let request): return request.keysVersion
    }
  }

  /// The shard whose log it goes to.
  public var shard: Shard {
    switch self {
    case .place(let request): return request.shard
    case .cancel(let request): return request.order.shard
    case .replace(let request): return request.target.shard
    }
  }
}

/// The name a client gave a request so that a repeat is recognised.
public struct RequestKey: Hashable, Sendable {
  /// The first 128 bits of a SHA-256 over the kind of key and its text.
  public var digest: UniqueID
  /// A digest of the request's content for idempotency keys; nil for client order ids, which never answer twice.
  public var fingerprint: Int64?

  /// Makes a key.
  public init(digest: UniqueID, fingerprint: Int64?) {
    self.digest = digest
    self.fingerprint = fingerprint
  }
}

/// A new order that asks to be accepted.
public struct PlaceRequest: Hashable, Sendable {
  /// Who places it.
  public var account: AccountNumber
  /// What it trades.
  public var instrument: InstrumentID
  /// The instrument's shard.
  public var shard: Shard
  /// Which way.
  public var side: Side
  /// How it is priced.
  public var type: OrderType
  /// How long it lives.
  public var timeInForce: TimeInForce
  /// Rejected instead of trading at entry.
  public var postOnly: Bool
  /// The client's choice, or nil: then an order that would cross an open order of its own account is refused at entry.
  public var selfTradePrevention: SelfTradePrevention?
  /// The limit price; of a market order the protection price.
  public var price: Price
  /// All of the order's shares.
  public var quantity: Quantity
  /// What it waits for; nil for one that goes to the book at once.
  public var trigger: Trigger?
  /// The class that it stands at the head of.
  public var orderClass: OrderClass
  /// The exits that it brings along, the take-profit first.
  public var legs: [LegRequest]
  /// What the client means it to do to the position; nil when it says nothing.
  public var positionIntent: PositionIntent?
  /// The client's name for the order, or a fresh one.
  public var clientOrderID: String
  /// The key of `clientOrderID`.
  public var clientKey: RequestKey
  /// The key of an `Idempotency-Key` header.
  public var idempotencyKey: RequestKey?
  /// Random bits for the order's identifier.
  public var random: UInt64
  /// See ``EntryRequest/keysVersion``.
  public var keysVersion: Int64?

  /// Makes a request.
  public init(
    account: AccountNumber, instrument: InstrumentID, shard: Shard, side: Side, type: OrderType,
    timeInForce: TimeInForce, postOnly: Bool, selfTradePrevention: SelfTradePrevention?, price: Price,
    quantity: Quantity, trigger: Trigger? = nil, orderClass: OrderClass = .simple, legs: [LegRequest] = [],
    positionIntent: PositionIntent? = nil, clientOrderID: String, clientKey: RequestKey, idempotencyKey: RequestKey?,
    random: UInt64,
    keysVersion: Int64? = nil
  ) {
    self.account = account
    self.instrument = instrument
    self.shard = shard
    self.side = side
    self.type = type
    self.timeInForce = timeInForce
    self.postOnly = postOnly
    self.selfTradePrevention = selfTradePrevention
    self.price = price
    self.quantity = quantity
    self.trigger = trigger
    self.orderClass = orderClass
    self.legs = legs
    self.positionIntent = positionIntent
    self.clientOrderID = clientOrderID
    self.clientKey = clientKey
    self.idempotencyKey = idempotencyKey
    self.random = random
    self.keysVersion = keysVersion
  }
}

extension PlaceRequest {
  /// What happens when the order would meet an open order of its own account.
  ///
  /// An order that goes to the book at once is refused at entry if it would, unless the client chose something else. One that
  /// waits cannot know what will rest when its time comes. It is there to trade then: unless the client chose, what rests
  /// gives way, and it goes on to the orders of others behind it. So do the exits that an order brings along.
  var prevention: SelfTradePrevention {
    selfTradePrevention ?? (trigger == nil && legs.isEmpty ? .cancelNewest : .cancelOldest)
  }
}

/// An exit that asks to be accepted with the order that brings it.
public struct LegRequest: Hashable, Sendable {
  /// What it is for.
  public var role: OrderRole
  /// How it is priced once it is in the book.
  public var type: OrderType
  /// The limit price, or the protection price of a stop order without one.
  public var price: Price
  /// The price that sends a stop-loss to the book.
  public var stop: Price?
  /// The client's name for it, or a fresh one.
  public var clientOrderID: String
  /// The key of `clientOrderID`.
  public var clientKey: RequestKey
  /// Random bits for the leg's identifier.
  public var random: UInt64

  /// Makes a request.
  public init(
    role: OrderRole, type: OrderType, price: Price, stop: Price?, clientOrderID: String, clientKey: RequestKey,
    random: UInt64
  ) {
    self.role = role
    self.type = type
    self.price = price
    self.stop = stop
    self.clientOrderID = clientOrderID
    self.clientKey = clientKey
    self.random = random
  }
}

/// A cancel that asks to be accepted.
public struct CancelRequest: Hashable, Sendable {
  /// Who asks.
  public var account: AccountNumber
  /// The order; its identifier names the shard.
  public var order: OrderID
  /// See ``EntryRequest/keysVersion``.
  public var keysVersion: Int64?

  /// Makes a request.
  public init(account: AccountNumber, order: OrderID, keysVersion: Int64? = nil) {
    self.account = account
    self.order = order
    self.keysVersion = keysVersion
  }
}

/// A replacement that asks to be accepted. Absent terms stay as they are.
public struct ReplaceRequest: Hashable, Sendable {
  /// Who asks.
  public var account: AccountNumber
  /// The order to replace; its identifier names the shard.
  public var target: OrderID
  /// The whole new quantity, executions included.
  public var quantity: Quantity?
  /// The new limit price.
  public var price: Price?
  /// The new stop price.
  public var stop: Price?
  /// The new distance of a trailing stop in 1/10000: of a dollar or of a percent, as the order has it.
  public var trail: Int64?
  /// How far a stop order without a limit may trade from its stop, in 1/10000 of it.
  public var collar: Int64
  /// The new time in force.
  public var timeInForce: TimeInForce?
  /// The client's name for the new order, or a fresh one.
  public var clientOrderID: String
  /// The key of `clientOrderID`.
  public var clientKey: RequestKey
  /// The key of an `Idempotency-Key` header.
  public var idempotencyKey: RequestKey?
  /// Random bits for the new order's identifier.
  public var random: UInt64
  /// See ``EntryRequest/keysVersion``.
  public var keysVersion: Int64?

  /// Makes a request.
  public init(
    account: AccountNumber, target: OrderID, quantity: Quantity?, price: Price?, stop: Price? = nil,
    trail: Int64? = nil, collar: Int64 = 0, timeInForce: TimeInForce?, clientOrderID: String, clientKey: RequestKey,
    idempotencyKey: RequestKey?, random: UInt64, keysVersion: Int64? = nil
  ) {
    self.account = account
    self.target = target
    self.quantity = quantity
    self.price = price
    self.stop = stop
    self.trail = trail
    self.collar = collar
    self.timeInForce = timeInForce
    self.clientOrderID = clientOrderID
    self.clientKey = clientKey
    self.idempotencyKey = idempotencyKey
    self.random = random
    self.keysVersion = keysVersion
  }
}
