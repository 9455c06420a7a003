/// Where an instrument stands in its day, as far as it has been told.
public struct InstrumentProgress: Hashable, Sendable {
  /// What log rows have told it.
  public struct Instructed: Hashable, Sendable {
    /// The stage that it was told last.
    public var point: SessionPoint
    /// The last log row for it, of a step or of an expiry.
    public var sequence: Sequence
    /// The log row of its last close; zero before the first.
    public var closedSequence: Sequence
    /// Whether all that has seen that close is gone.
    public var isCleared: Bool
    /// Whether no worker could carry out that close, and no operator has brought it on: it still trades.
    public var isCloseHeld: Bool

    /// Describes what it was told.
    public init(
      point: SessionPoint, sequence: Sequence, closedSequence: Sequence = .zero, isCleared: Bool = true,
      isCloseHeld: Bool = false
    ) {
      self.point = point
      self.sequence = sequence
      self.closedSequence = closedSequence
      self.isCleared = isCleared
      self.isCloseHeld = isCloseHeld
    }
  }

  /// Which instrument.
  public var instrument: InstrumentID
  /// Its shard.
  public var shard: Shard
  /// What it was told; nil when it never was told anything.
  public var instructed: Instructed?
  /// The last row of its shard's log that has been processed.
  public var processed: Sequence
  /// Whether an auction of it is being executed: it is told no more before that is over.
  public var isCrossing: Bool
  /// The price that it was listed with.
  public var reference: Price?

  /// Describes an instrument.
  public init(
    _ instrument: InstrumentID, shard: Shard, instructed: Instructed? = nil, processed: Sequence = .zero,
    isCrossing: Bool = false,
    reference: Price? = nil
  ) {
    self.instrument = instrument
    self.shard = shard
    self.instructed = instructed
    self.processed = processed
    self.isCrossing = isCrossing
    self.reference = reference
  }

  /// Whether it has been told something that has not been processed.
  public var isComing: Bool { instructed.map { processed < $0.sequence } ?? false }

  /// Whether it is known what has to expire: the last that it was told has been processed, and its closing auction held.
  public var awaitsExpiry: Bool {
    !isCrossing && instructed.map { !$0.isCleared && !$0.isCloseHeld && processed >= $0.sequence } ?? false
  }
}

/// Open orders of an instrument whose time is over.
public struct DueOrders: Hashable, Sendable {
  /// How many.
  public var count: Int64
  /// Orders that are good until canceled are too old when a log row up to here has placed them.
  public var untilCanceledThrough: Sequence

  /// Describes them.
  public init(count: Int64, untilCanceledThrough: Sequence = .zero) {
    self.count = count
    self.untilCanceledThrough = untilCanceledThrough
  }
}

/// What instruments of one shard are told, in one transaction.
public struct MarketBatch: Hashable, Sendable {
  /// What one instrument is told.
  public struct Instruction: Hashable, Sendable {
    /// Which instrument.
    public var instrument: InstrumentID
    /// The last log row for it that was seen; nil when there was none. When it has another, nothing of the batch is told.
    public var seen: Sequence?
    /// The stages it comes to, in order.
    public var steps: [SessionPoint]
    /// The parts of its expiry.
    public var expiries: [ExpireOrders]
    /// How the auctions are held that the stages lead to.
    public var auction: AuctionTerms

    /// Describes it.
    public init(
      _ instrument: InstrumentID, seen: Sequence?, steps: [SessionPoint] = [], expiries: [ExpireOrders] = [],
      auction: AuctionTerms = .whole
    ) {
      self.instrument = instrument
      self.seen = seen
      self.steps = steps
      self.expiries = expiries
      self.auction = auction
    }

    /// Its log rows.
    public var commands: [Command] {
      steps.map { .step(SessionStep(instrument, $0, auction: auction)) } + expiries.map { .expire($0) }
    }
  }

  /// Whose log.
  public var shard: Shard
  /// What its instruments are told.
  public var instructions: [Instruction]

  /// Describes a batch.
  public init(shard: Shard, instructions: [Instruction]) {
    self.shard = shard
    self.instructions = instructions
  }
}
