/// How an instrument stands with its price band.
public struct BandProgress: Hashable, Sendable {
  /// What a log row has told it last.
  public struct Instructed: Hashable, Sendable {
    /// The log row.
    public var sequence: Sequence
    /// For which day.
    public var day: Day
    /// Whether no worker could carry it out: it waits for an operator.
    public var isQuarantined: Bool

    /// Describes it.
    public init(_ sequence: Sequence, day: Day, isQuarantined: Bool = false) {
      self.sequence = sequence
      self.day = day
      self.isQuarantined = isQuarantined
    }
  }

  /// Which instrument.
  public var instrument: InstrumentID
  /// Its shard.
  public var shard: Shard
  /// How wide an operator wants its band; nil for none.
  public var tier: BandTier?
  /// How it trades, as far as its log has been processed.
  public var phase: InstrumentPhase
  /// When the reference price of its band came about.
  public var since: Timestamp?
  /// What it was told; nil when it never was told a band.
  public var instructed: Instructed?
  /// The last row of its shard's log that has been processed.
  public var processed: Sequence
  /// The price of its latest trade, or the one that it was listed with; nil when there is neither.
  public var last: Price?
  /// Its trades of the last five minutes, if they may move the reference price.
  public var trades: TradeMean
  /// Its limit state; nil while it is in none.
  public var limit: LimitState?
  /// When the trading pause ends in which it is; nil when it is in none.
  public var pausedUntil: Timestamp?

  /// Describes an instrument.
  public init(
    _ instrument: InstrumentID, shard: Shard, tier: BandTier?, phase: InstrumentPhase = InstrumentPhase(),
    since: Timestamp? = nil, instructed: Instructed? = nil, processed: Sequence = .zero, last: Price? = nil,
    trades: TradeMean = TradeMean(), limit: LimitState? = nil, pausedUntil: Timestamp? = nil
  ) {
    self.instrument = instrument
    self.shard = shard
    self.tier = tier
    self.phase = phase
    self.since = since
    self.instructed = instructed
    self.processed = processed
    self.last = last
    self.trades = trades
    self.limit = limit
    self.pausedUntil = pausedUntil
  }
}

/// What is decided about price bands, in one turn.
public struct BandDecisions: Hashable, Sendable {
  /// A band that an instrument is told.
  public struct Instruction: Hashable, Sendable {
    /// Which instrument.
    public var instrument: InstrumentID
    /// The last log row of its bands that was seen. When it has another, nothing of the shard is told.
    public var seen: Sequence?
    /// For which day.
    public var day: Day
    /// The band.
    public var change: BandChange

    /// Describes it.
    public init(_ instrument: InstrumentID, seen: Sequence?, day: Day, change: BandChange) {
      self.instrument = instrument
      self.seen = seen
      self.day = day
      self.change = change
    }
  }

  /// A trading pause that begins.
  public struct Pause: Hashable, Sendable {
    /// Which instrument.
    public var instrument: InstrumentID
    /// Its shard.
    public var shard: Shard
    /// When it ends.
    public var until: Timestamp
    /// Why, for people.
    public var reason: String

    /// Describes it.
    public init(_ instrument: InstrumentID, shard: Shard, until: Timestamp, reason: String) {
      self.instrument = instrument
      self.shard = shard
      self.until = until
      self.reason = reason
    }
  }

  /// The bands that instruments are told, by shard.
  public var instructions: [Shard: [Instruction]] = [:]
  /// Pauses that are to begin.
  public var pauses: [Pause] = []
  /// Pauses that are over, by shard.
  public var resumptions: [Shard: [InstrumentID]] = [:]

  /// No decisions.
  public init() {}

  /// Whether there is nothing to do.
  public var isEmpty: Bool { instructions.isEmpty && pauses.isEmpty && resumptions.isEmpty }
}
