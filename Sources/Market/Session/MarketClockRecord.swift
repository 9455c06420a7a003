/// What is remembered of the market's clock.
public struct MarketClockRecord: Hashable, Sendable {
  /// The clock that the leader follows; nil before anyone has led.
  public var mode: MarketClockMode?
  /// Where an operator wants the market; nil before one did.
  public var target: SessionPoint?
  /// The time of a simulated clock; nil before it was started.
  public var simulation: SimulatedTime?

  /// Describes a clock; one that nobody has set, when nothing is given.
  public init(mode: MarketClockMode? = nil, target: SessionPoint? = nil, simulation: SimulatedTime? = nil) {
    self.mode = mode
    self.target = target
    self.simulation = simulation
  }

  /// The market's time at a moment of ours: another than ours only when it is simulated.
  public func marketTime(at now: Timestamp) -> Timestamp {
    guard mode == .simulated, let simulation else { return now }
    return simulation.market(at: now)
  }

  /// Our moment of a market's time.
  public func moment(of market: Timestamp) -> Timestamp {
    guard mode == .simulated, let simulation else { return market }
    return simulation.moment(of: market)
  }
}
