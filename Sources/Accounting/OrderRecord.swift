public import Market

/// An order as it is stored.
public struct OrderRecord: HasOrderTerms, Hashable, Sendable {
  /// Its public identifier; tells when it was submitted.
  public var id: OrderID
  /// Whose order it is.
  public var account: AccountNumber
  /// The client's name for it.
  public var clientOrderID: String
  /// What it trades.
  public var instrument: InstrumentID
  /// The shard whose log placed it.
  public var shard: Shard
  /// The log row that placed it.
  public var sequence: Sequence
  /// The log row that gave it its place in the queue: its own, or an older one's that it replaced without losing the place.
  public var priority: Sequence
  /// What it asks for.
  public var terms: OrderTerms
  /// Shares executed, those included that an order it replaced had executed.
  public var filled: Quantity
  /// What the executed shares were worth: the sum of price × quantity.
  public var filledValue: Money
  /// Its state.
  public var status: OrderStatus
  /// A change on its way.
  public var pending: PendingChange
  /// The order it replaced.
  public var replaces: OrderID?
  /// The order that replaced it.
  public var replacedBy: OrderID?
  /// When the row last changed.
  public var updatedAt: Timestamp
  /// When it closed; nil while it is open.
  public var closedAt: Timestamp?
  /// What it has beside the terms of a plain order; nil for a plain one.
  public var conditions: OrderConditions?
  /// The legs below it, where they are asked for and it has some.
  public var legs: [OrderRecord]

  /// Makes a record.
  public init(
    id: OrderID, account: AccountNumber, clientOrderID: String, instrument: InstrumentID, shard: Shard,
    sequence: Sequence, priority: Sequence, terms: OrderTerms, filled: Quantity = .zero,
    filledValue: Money = .zero, status: OrderStatus = .accepted, pending: PendingChange = .none,
    replaces: OrderID? = nil, replacedBy: OrderID? = nil, updatedAt: Timestamp, closedAt: Timestamp? = nil,
    conditions: OrderConditions? = nil, legs: [OrderRecord] = []
  ) {
    self.id = id
    self.account = account
    self.clientOrderID = clientOrderID
    self.instrument = instrument
    self.shard = shard
    self.sequence = sequence
    self.priority = priority
    self.terms = terms
    self.filled = filled
    self.filledValue = filledValue
    self.status = status
    self.pending = pending
    self.replaces = replaces
    self.replacedBy = replacedBy
    self.updatedAt = updatedAt
    self.closedAt = closedAt
    self.conditions = conditions
    self.legs = legs
  }

  /// Where it stands, if it is open and its command has been carried out.
  public var phase: OrderPhase { conditions?.phase ?? .working }

  /// What it waits for, or waited for before it fired.
  public var trigger: Trigger? { conditions?.trigger }

  /// Whether a replacement that would meet an open order of its own account is refused, as an order without a choice of its
  /// client's is at entry: of one that waited or belongs to a class nobody can tell whether its client chose.
  var refusesOwn: Bool { selfTradePrevention == .cancelNewest || conditions != nil }

  /// Whether it closes what the entry of its class opened: exits hold together, not each by itself.
  public var isExit: Bool { conditions?.role.isExit ?? false }

  /// Shares that can still trade; none once it is closed.
  public var leaves: Quantity { status.isOpen ? quantity - filled : .zero }

  /// The order as it was answered when it was accepted.
  public var asAccepted: OrderRecord {
    var order = self
    order.status = .accepted
    order.pending = .none
    order.closedAt = nil
    order.replacedBy = nil
    order.updatedAt = submittedAt
    if replaces == nil {
      order.filled = .zero
      order.filledValue = .zero
    }
    return order
  }

  /// When it was submitted.
  public var submittedAt: Timestamp { id.time ?? updatedAt }
}
