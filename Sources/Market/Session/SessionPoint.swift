/// A stage of a certain day: what a market has come to.
public struct SessionPoint: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The day in New York.
  public var day: Day
  /// How far it has come.
  public var stage: SessionStage

  /// Names a stage.
  public init(_ day: Day, _ stage: SessionStage) {
    self.day = day
    self.stage = stage
  }

  public static func < (one: SessionPoint, other: SessionPoint) -> Bool {
    (one.day, one.stage) < (other.day, other.stage)
  }

  /// The stages that a market which stands here has to go through, one after the other, to stand at `target`.
  ///
  /// A day that is open is closed before another begins, so that its orders are not carried on without a closing auction and
  /// expiry; stages that only collect orders are left out when they are over. Nothing leads back.
  public func way(to target: SessionPoint) -> [SessionPoint] {
    guard target > self else { return [] }
    guard target.day > day, stage == .open else { return [target] }
    return [SessionPoint(day, .closed), target]
  }

  /// Where a market that is driven by hand goes when it is to come to a stage: of the day that it stands at, or of a new one
  /// when that day is over. Nil when orders should be collected for the opening of a market that is open.
  /// - Parameters:
  ///   - current: Where it stands; nil when it never was opened.
  ///   - today: The day on which a market opens that has not been opened for long.
  public static func target(_ stage: SessionStage, at current: SessionPoint?, today: Day) -> SessionPoint? {
    guard let current else { return SessionPoint(today, stage) }
    switch (current.stage, stage) {
    case (.open, .preOpen): return nil
    case (.closed, .preOpen), (.closed, .open): return SessionPoint(max(today, current.day.advanced(by: 1)), stage)
    case (_, _): return SessionPoint(current.day, stage)
    }
  }

  /// In a log: `2026-11-25 open`.
  public var description: String { "\(day) \(stage.word)" }
}
