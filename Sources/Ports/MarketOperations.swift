package import Market

/// What operators do with the market's day.
package protocol MarketOperations: Sendable {
  /// The market as it stands.
  func status() async throws(AdministrationError) -> MarketStatus

  /// Has a manual market come to a stage: of the day that it stands at, or of the next when that one is over. The leader then
  /// instructs all instruments.
  /// - Parameter today: The present day in New York.
  func aim(at stage: SessionStage, today: Day) async throws(AdministrationError) -> MarketAim
}

/// Instruments that trade alike.
package struct PhaseCount: Hashable, Sendable {
  /// Their phase.
  package var phase: InstrumentPhase
  /// How many.
  package var instruments: Int64
  /// How many of them have an instruction in their log that they have not come to yet.
  package var awaiting: Int64
  /// How many of them may have orders left to expire.
  package var clearing: Int64

  /// Counts instruments.
  package init(phase: InstrumentPhase, instruments: Int64, awaiting: Int64, clearing: Int64) {
    self.phase = phase
    self.instruments = instruments
    self.awaiting = awaiting
    self.clearing = clearing
  }
}

/// The market as it stands.
package struct MarketStatus: Hashable, Sendable {
  /// Its clock.
  package var clock: MarketClockRecord
  /// Its instruments, by phase.
  package var phases: [PhaseCount]

  /// Describes it.
  package init(clock: MarketClockRecord, phases: [PhaseCount]) {
    self.clock = clock
    self.phases = phases
  }

  /// How many instruments there are.
  package var instruments: Int64 { phases.reduce(0) { $0 + $1.instruments } }

  /// How many have come to a stage and have nothing left to expire.
  package func arrived(at target: SessionPoint) -> Int64 {
    phases.reduce(0) { sum, count in
      guard let point = count.phase.point, point >= target else { return sum }
      return sum + max(0, count.instruments - count.awaiting - count.clearing)
    }
  }
}

/// Where a market was asked to come.
package struct MarketAim: Hashable, Sendable {
  /// The stage and its day.
  package var target: SessionPoint
  /// Whether it was to come there already.
  package var isRepeat: Bool

  /// Describes it.
  package init(target: SessionPoint, isRepeat: Bool) {
    self.target = target
    self.isRepeat = isRepeat
  }

  /// Why a market cannot come to a stage.
  package enum Refusal: Error, Hashable, Sendable {
    /// No worker has led, so that nobody has said how its clock runs.
    case neverLed
    /// Its clock is not driven by hand.
    case notManual(MarketClockMode)
    /// The market is open.
    case open

    /// Why, and what to do, in a sentence.
    package var text: String {
      switch self {
      case .neverLed: "no worker has led yet; start one with --market-clock manual"
      case .notManual(let mode): "the market's clock is \(mode.rawValue); it is not driven by hand"
      case .open: "the market is open; close it first"
      }
    }
  }

  /// Where a market whose clock stands like this comes when an operator asks for a stage.
  package static func judged(
    _ stage: SessionStage, from clock: MarketClockRecord, today: Day
  ) -> Result<MarketAim, Refusal> {
    guard let mode = clock.mode else { return .failure(.neverLed) }
    guard mode == .manual else { return .failure(.notManual(mode)) }
    guard let target = SessionPoint.target(stage, at: clock.target, today: today) else { return .failure(.open) }
    return .success(MarketAim(target: target, isRepeat: target == clock.target))
  }
}
