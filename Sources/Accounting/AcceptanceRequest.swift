public import Market

/// A request that passed the rules of form and asks to be accepted: checked against money, shares and other orders.
public enum AcceptanceRequest: Hashable, Sendable {
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
public struct PlaceRequest: HasOrderTerms, Hashable, Sendable {
  /// Who places it.
  public var account: AccountNumber
  /// What it trades.
  public var instrument: InstrumentID
  /// The instrument's shard.
  public var shard: Shard
  /// What it asks for.
  public var terms: OrderTerms
  /// Whether the client chose what happens when the order would meet one of its own account; else the terms do not say.
  public var isPreventionChosen: Bool
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
  /// See ``AcceptanceRequest/keysVersion``.
  public var keysVersion: Int64?

  /// Makes a request.
  public init(
    account: AccountNumber, instrument: InstrumentID, shard: Shard, terms: OrderTerms,
    isPreventionChosen: Bool = false, trigger: Trigger? = nil, orderClass: OrderClass = .simple,
    legs: [LegRequest] = [], positionIntent: PositionIntent? = nil, clientOrderID: String, clientKey: RequestKey,
    idempotencyKey: RequestKey?, random: UInt64, keysVersion: Int64? = nil
  ) {
    self.account = account
    self.instrument = instrument
    self.shard = shard
    self.terms = terms
    self.isPreventionChosen = isPreventionChosen
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
  /// The terms as the order gets them.
  ///
  /// An order that goes to the book at once is refused at entry if it would meet an open order of its own account, unless
  /// the client chose something else. One that waits cannot know what will rest when its time comes. It is there to trade
  /// then: unless the client chose, what rests gives way, and it goes on to the orders of others behind it. So do the exits
  /// that an order brings along.
  var acceptedTerms: OrderTerms {
    guard !isPreventionChosen else { return terms }
    var accepted = terms
    accepted.selfTradePrevention = trigger == nil && legs.isEmpty ? .cancelNewest : .cancelOldest
    return accepted
  }

  /// Whether it is refused at entry if it would cross an open order of its own account.
  package var refusesOwn: Bool { !isPreventionChosen && trigger == nil }
}

/// An exit that asks to be accepted with the order that brings it.
public struct LegRequest: Hashable, Sendable {
  /// What it asks for.
  public var terms: LegTerms
  /// The client's name for it, or a fresh one.
  public var clientOrderID: String
  /// The key of `clientOrderID`.
  public var clientKey: RequestKey
  /// Random bits for the leg's identifier.
  public var random: UInt64

  /// Makes a request.
  public init(_ terms: LegTerms, clientOrderID: String, clientKey: RequestKey, random: UInt64) {
    self.terms = terms
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
  /// See ``AcceptanceRequest/keysVersion``.
  public var keysVersion: Int64?

  /// Makes a request.
  public init(account: AccountNumber, order: OrderID, keysVersion: Int64? = nil) {
    self.account = account
    self.order = order
    self.keysVersion = keysVersion
  }
}

/// A replacement that asks to be accepted.
public struct ReplaceRequest: Hashable, Sendable {
  /// Who asks.
  public var account: AccountNumber
  /// The order to replace; its identifier names the shard.
  public var target: OrderID
  /// What is to be another.
  public var changes: ChangedTerms
  /// How far a stop order without a limit may trade from its stop, in 1/10000 of it.
  public var collar: Int64
  /// The client's name for the new order, or a fresh one.
  public var clientOrderID: String
  /// The key of `clientOrderID`.
  public var clientKey: RequestKey
  /// The key of an `Idempotency-Key` header.
  public var idempotencyKey: RequestKey?
  /// Random bits for the new order's identifier.
  public var random: UInt64
  /// See ``AcceptanceRequest/keysVersion``.
  public var keysVersion: Int64?

  /// Makes a request.
  public init(
    account: AccountNumber, target: OrderID, changes: ChangedTerms, collar: Int64 = 0, clientOrderID: String,
    clientKey: RequestKey, idempotencyKey: RequestKey?, random: UInt64, keysVersion: Int64? = nil
  ) {
    self.account = account
    self.target = target
    self.changes = changes
    self.collar = collar
    self.clientOrderID = clientOrderID
    self.clientKey = clientKey
    self.idempotencyKey = idempotencyKey
    self.random = random
    self.keysVersion = keysVersion
  }
}
