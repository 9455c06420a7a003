/// A step of an instrument's trading day, as the log carries it.
public struct SessionStep: Hashable, Sendable {
  /// Whose day.
  public var instrument: InstrumentID
  /// What it comes to.
  public var point: SessionPoint
  /// How the auction is held that it may lead to.
  public var auction: AuctionTerms

  /// Names a step.
  public init(_ instrument: InstrumentID, _ point: SessionPoint, auction: AuctionTerms = .whole) {
    self.instrument = instrument
    self.point = point
    self.auction = auction
  }
}

/// A part of the expiry at the end of a day, as the log carries it: repeated until nothing is left to expire.
public struct ExpireOrders: Hashable, Sendable {
  /// Which orders.
  public var instrument: InstrumentID
  /// Day orders placed by log rows up to here have seen their close.
  public var dayThrough: Sequence
  /// Orders that are good until canceled and placed by log rows up to here are too old.
  public var untilCanceledThrough: Sequence
  /// How many orders end at most.
  public var limit: Int64

  /// Names a part.
  public init(
    _ instrument: InstrumentID, dayThrough: Sequence, untilCanceledThrough: Sequence = .zero, limit: Int64
  ) {
    self.instrument = instrument
    self.dayThrough = dayThrough
    self.untilCanceledThrough = untilCanceledThrough
    self.limit = limit
  }
}

/// A halt of an instrument or its end, as the log carries it.
public struct TradingHalt: Hashable, Sendable {
  /// What stands still or trades again.
  public var instrument: InstrumentID
  /// Whether it stands still.
  public var isHalted: Bool
  /// How the auction is held by which it trades again; of no meaning for a halt.
  public var auction: AuctionTerms

  /// Names a halt or its end.
  public init(_ instrument: InstrumentID, isHalted: Bool, auction: AuctionTerms = .whole) {
    self.instrument = instrument
    self.isHalted = isHalted
    self.auction = isHalted ? .whole : auction
  }
}

/// A further part of an auction whose price is fixed, as the log carries it: repeated until the auction is over.
public struct AuctionPart: Hashable, Sendable {
  /// Whose auction.
  public var instrument: InstrumentID
  /// How many trades are made, or orders ended, at most.
  public var limit: Int16

  /// Names a part.
  public init(_ instrument: InstrumentID, limit: Int16) {
    self.instrument = instrument
    self.limit = limit
  }
}

/// What an instrument's price band follows from.
public struct BandTerms: Hashable, Sendable {
  /// The price that the band stands around; an auction that opens or reopens trading moves it to its own.
  public var reference: Price
  /// Decides which percentage applies for the day.
  public var previousClose: Price
  /// How wide the band is.
  public var tier: BandTier
  /// Whether the band is doubled, where that applies, because the session ends soon.
  public var isNearClose: Bool

  /// Names terms.
  public init(reference: Price, previousClose: Price, tier: BandTier, isNearClose: Bool = false) {
    self.reference = reference
    self.previousClose = previousClose
    self.tier = tier
    self.isNearClose = isNearClose
  }

  /// The band itself.
  public var band: PriceBand {
    PriceBand(around: reference, tier: tier, previousClose: previousClose, isNearClose: isNearClose)
  }
}

/// A new price band of an instrument, as the log carries it.
public struct BandChange: Hashable, Sendable {
  /// Whose band.
  public var instrument: InstrumentID
  /// What it follows from; nil to trade without a band.
  public var terms: BandTerms?
  /// Whether the reference price stays what it has become, by an auction for example; that of `terms` is for an instrument
  /// without a band.
  public var keepsReference: Bool

  /// Names a band.
  public init(_ instrument: InstrumentID, _ terms: BandTerms?, keepsReference: Bool = false) {
    self.instrument = instrument
    self.terms = terms
    self.keepsReference = keepsReference && terms != nil
  }

  /// The band that it leads to where there is one before it.
  public func terms(after old: BandTerms?) -> BandTerms? {
    guard keepsReference, let old, var terms else { return terms }
    terms.reference = old.reference
    return terms
  }
}

/// How an instrument trades.
public struct InstrumentPhase: Hashable, Sendable {
  /// Where its day stands; nil where there are no sessions: it always trades.
  public var point: SessionPoint?
  /// Whether it is halted: orders are collected, and cross when it resumes.
  public var isHalted: Bool
  /// The band within which it trades while it trades; nil where there is none.
  public var band: BandTerms?
  /// The end of its band that its best price has come to; nil while that is between them.
  public var limit: LimitState.Edge?

  /// Names a phase; what trades and always has, without a band, when nothing is given.
  public init(
    _ point: SessionPoint? = nil, isHalted: Bool = false, band: BandTerms? = nil, limit: LimitState.Edge? = nil
  ) {
    self.point = point
    self.isHalted = isHalted
    self.band = band
    self.limit = limit
  }

  /// Whether orders trade as they come; otherwise they are collected.
  public var isContinuous: Bool { !isHalted && (point.map { $0.stage == .open } ?? true) }
}
