/// Whether and how an instrument trades, as everybody may know it.
public struct TradingStatus: Hashable, Sendable {
  /// What an instrument's trading comes to, in one word.
  public enum State: String, Hashable, Sendable, CaseIterable {
    /// Orders are collected for the next day.
    case closed
    /// Orders are collected for the opening auction.
    case preOpen = "pre_open"
    /// Orders trade as they come.
    case open
    /// An operator has halted it.
    case halted
    /// It pauses after a limit state; orders are collected, and cross when it goes on.
    case paused
  }

  /// How it trades, as far as its log has been processed.
  public var phase: InstrumentPhase
  /// When that came about: the last change of any of it.
  public var since: Timestamp
  /// Why it is halted.
  public var haltReason: String?
  /// Whether orders are taken during the halt.
  public var collects: Bool
  /// When its trading pause ends.
  public var pausedUntil: Timestamp?

  /// Describes an instrument; one that trades and always has, when nothing is given.
  public init(
    _ phase: InstrumentPhase = InstrumentPhase(), since: Timestamp = Timestamp(rawValue: 0), haltReason: String? = nil,
    collects: Bool = false, pausedUntil: Timestamp? = nil
  ) {
    self.phase = phase
    self.since = since
    self.haltReason = haltReason
    self.collects = collects
    self.pausedUntil = pausedUntil
  }

  /// What it comes to.
  public var state: State {
    if phase.isHalted || haltReason != nil { return pausedUntil == nil ? .halted : .paused }
    switch phase.point?.stage {
    case .preOpen: return .preOpen
    case .closed: return .closed
    case .open, nil: return .open
    }
  }

  /// The band in effect; nil where there is none or nothing trades.
  public var band: PriceBand? { state == .open ? phase.band?.band : nil }
}
