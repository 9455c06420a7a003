public import Market

/// All row changes that follow from a run of processed commands of one shard: each row at most once, in lock order.
public struct Settlement: Sendable {
  /// The new state of an order row.
  public struct OrderUpdate: Hashable, Sendable {
    /// Whose order.
    public var account: AccountNumber
    /// Which order.
    public var id: OrderID
    /// Its state.
    public var status: OrderStatus
    /// Shares executed.
    public var filled: Quantity
    /// What they were worth.
    public var filledValue: Money
    /// The log row that gives it its place in the queue.
    public var priority: Sequence
    /// The order that took its place.
    public var replacedBy: OrderID?
    /// Whether the change that was on its way has been dealt with.
    public var clearsPending: Bool

    /// Makes an update.
    public init(
      account: AccountNumber, id: OrderID, status: OrderStatus, filled: Quantity, filledValue: Money,
      priority: Sequence, replacedBy: OrderID? = nil, clearsPending: Bool = false
    ) {
      self.account = account
      self.id = id
      self.status = status
      self.filled = filled
      self.filledValue = filledValue
      self.priority = priority
      self.replacedBy = replacedBy
      self.clearsPending = clearsPending
    }
  }

  /// How an instrument trades now.
  public struct PhaseUpdate: Hashable, Sendable {
    /// The instrument in question.
    public var instrument: InstrumentID
    /// How the instrument trades from then on.
    public var phase: InstrumentPhase
    /// Whether its limit state began in this settlement. Before that it may have been in another, at the same end of the band.
    public var beginsLimit: Bool

    /// Makes an update.
    public init(instrument: InstrumentID, phase: InstrumentPhase, beginsLimit: Bool = false) {
      self.instrument = instrument
      self.phase = phase
      self.beginsLimit = beginsLimit
    }
  }

  /// Where the auction of an instrument stands now.
  public struct AuctionUpdate: Hashable, Sendable {
    /// The instrument in question.
    public var instrument: InstrumentID
    /// Where; nil when it is over.
    public var auction: AuctionExecution?

    /// Makes an update.
    public init(instrument: InstrumentID, auction: AuctionExecution?) {
      self.instrument = instrument
      self.auction = auction
    }
  }

  /// What one command has crossed in an auction, at its price.
  public struct AuctionPrint: Hashable, Sendable {
    /// Which instrument.
    public var instrument: InstrumentID
    /// The command.
    public var sequence: Sequence
    /// The trading day; nil of an instrument that knows no sessions.
    public var day: Day?
    /// Whether it is a closing auction; any other opens trading, or opens it again.
    public var isClosing: Bool
    /// The price.
    public var price: Price
    /// Shares traded.
    public var quantity: Quantity

    /// Makes a print.
    public init(
      instrument: InstrumentID, sequence: Sequence, day: Day?, isClosing: Bool, price: Price, quantity: Quantity
    ) {
      self.instrument = instrument
      self.sequence = sequence
      self.day = day
      self.isClosing = isClosing
      self.price = price
      self.quantity = quantity
    }
  }

  /// Where an order with conditions stands now.
  public struct ConditionsUpdate: Hashable, Sendable {
    /// Whose order.
    public var account: AccountNumber
    /// Which order.
    public var id: OrderID
    /// Where it stands.
    public var phase: OrderPhase
    /// Its place among the orders that entered the book by the command of its priority.
    public var activation: Int32
    /// What it waits for, or waited for.
    public var trigger: Trigger?
    /// All of its shares.
    public var quantity: Quantity
    /// Whether it is the exit of a class: it loses the shares that the other exit trades.
    public var isExit: Bool

    /// Makes an update.
    public init(
      account: AccountNumber, id: OrderID, phase: OrderPhase, activation: Int32, trigger: Trigger?, quantity: Quantity,
      isExit: Bool
    ) {
      self.account = account
      self.id = id
      self.phase = phase
      self.activation = activation
      self.trigger = trigger
      self.quantity = quantity
      self.isExit = isExit
    }
  }

  /// How an account's money changes.
  public struct CashChange: Hashable, Sendable {
    /// All of its cash.
    public var cash = Money.zero
    /// The held part.
    public var held = Money.zero

    /// No change.
    public init() {}
  }

  /// How an account's shares of one instrument change.
  public struct PositionChange: Hashable, Sendable {
    /// What was executed, in order.
    public var fills = PositionFills()
    /// Change of the held shares.
    public var held = Quantity.zero

    /// No change.
    public init() {}
  }

  /// An order outside the books whose pending change has been dealt with: its mark goes, nothing else changes.
  public struct StaleMark: Hashable, Sendable {
    /// Whose order.
    public var account: AccountNumber
    /// Which order.
    public var order: OrderID

    /// Names it.
    package init(account: AccountNumber, order: OrderID) {
      self.account = account
      self.order = order
    }
  }

  /// A last price.
  public struct LastPrice: Hashable, Sendable {
    /// Of what.
    public var instrument: InstrumentID
    /// The price of its latest trade.
    public var price: Price

    /// Names it.
    package init(instrument: InstrumentID, price: Price) {
      self.instrument = instrument
      self.price = price
    }
  }

  /// The shard.
  public var shard: Shard
  /// The cursor before: the settlement is refused when the database stands elsewhere.
  public var from: Sequence
  /// The cursor after.
  public var through: Sequence
  /// Changed orders, by account and identifier.
  public var orders: [OrderUpdate] = []
  /// Changed conditions, by account and identifier.
  public var conditions: [ConditionsUpdate] = []
  /// Marks to take off, by account and identifier.
  public var staleMarks: [StaleMark] = []
  /// Executions in order.
  public var trades: [Trade] = []
  /// Events in order.
  public var events: [OrderEvent] = []
  /// Changes of money.
  public var cash: [AccountNumber: CashChange] = [:]
  /// Changes of shares.
  public var positions: [AcceptanceSnapshot.PositionKey: PositionChange] = [:]
  /// Last prices of instruments that traded.
  public var lastPrices: [LastPrice] = []
  /// Instruments that trade in another way now.
  public var phases: [PhaseUpdate] = []
  /// Instruments whose auctions have come further, or are over.
  public var auctions: [AuctionUpdate] = []
  /// What auctions have traded, in order.
  public var auctionPrints: [AuctionPrint] = []

  /// Nothing has changed yet.
  package init(shard: Shard, from: Sequence, through: Sequence) {
    self.shard = shard
    self.from = from
    self.through = through
  }
}
