/// A step of an instrument's trading day, as the log carries it.
public struct SessionStep: Hashable, Sendable {
  /// Whose day.
  public var instrument: InstrumentID
  /// What it comes to.
  public var point: SessionPoint

  /// Names a step.
  public init(_ instrument: InstrumentID, _ point: SessionPoint) {
    self.instrument = instrument
    self.point = point
  }
}

/// A part of the expiry at the end of a day, as the log carries it: repeated until nothing is left to expire.
public struct ExpireOrders: Hashable, Sendable {
  /// Which orders.
  public var instrument: InstrumentID
  /// Day orders placed by log rows up to here have seen their close.
  public var dayThrough: Sequence
  /// Orders that are good until cancelled and placed by log rows up to here are too old.
  public var untilCancelledThrough: Sequence
  /// How many orders end at most.
  public var limit: Int64

  /// Names a part.
  public init(
    _ instrument: InstrumentID, dayThrough: Sequence, untilCancelledThrough: Sequence = .zero, limit: Int64
  ) {
    self.instrument = instrument
    self.dayThrough = dayThrough
    self.untilCancelledThrough = untilCancelledThrough
    self.limit = limit
  }
}

/// A halt of an instrument or its end, as the log carries it.
public struct TradingHalt: Hashable, Sendable {
  /// What stands still or trades again.
  public var instrument: InstrumentID
  /// Whether it stands still.
  public var isHalted: Bool

  /// Names a halt or its end.
  public init(_ instrument: InstrumentID, isHalted: Bool) {
    self.instrument = instrument
    self.isHalted = isHalted
  }
}

/// How an instrument trades.
public struct InstrumentPhase: Hashable, Sendable {
  /// Where its day stands; nil where there are no sessions: it always trades.
  public var point: SessionPoint?
  /// Whether it is halted: orders are collected, and cross when it resumes.
  public var isHalted: Bool

  /// Names a phase; what trades and always has, when nothing is given.
  public init(_ point: SessionPoint? = nil, isHalted: Bool = false) {
    self.point = point
    self.isHalted = isHalted
  }

  /// Whether orders trade as they come; otherwise they are collected.
  public var isContinuous: Bool { !isHalted && (point.map { $0.stage == .open } ?? true) }
}
