/// A market's own time, which began at a moment of ours and runs faster.
///
/// It depends on nothing but the moment, so processes that start again go on with the same time.
public struct SimulatedTime: Hashable, Sendable {
  /// How many seconds of the market's may pass in one of ours.
  public static let speeds: ClosedRange<Int64> = 1...100_000
  /// The speed when nobody says: a minute in a second.
  public static let defaultSpeed: Int64 = 60

  /// Our moment at which it began.
  public var startedAt: Timestamp
  /// The market's time then.
  public var marketStart: Timestamp
  /// The market's seconds in one of ours.
  public var speed: Int64

  /// Describes a time; a speed out of range is clamped.
  public init(startedAt: Timestamp, marketStart: Timestamp, speed: Int64) {
    self.startedAt = startedAt
    self.marketStart = marketStart
    self.speed = min(max(speed, Self.speeds.lowerBound), Self.speeds.upperBound)
  }

  /// The market's time at a moment of ours. Before its beginning it stands still.
  public func market(at now: Timestamp) -> Timestamp {
    marketStart.advanced(byMicroseconds: max(0, now.microseconds(since: startedAt)) * speed)
  }

  /// Our moment of a market's time; moments before its beginning are told at the same speed.
  public func moment(of market: Timestamp) -> Timestamp {
    startedAt.advanced(byMicroseconds: market.microseconds(since: marketStart) / speed)
  }

  /// The same time, running otherwise from `now` on.
  public func running(at speed: Int64, from now: Timestamp) -> SimulatedTime {
    SimulatedTime(startedAt: max(now, startedAt), marketStart: market(at: now), speed: speed)
  }
}
