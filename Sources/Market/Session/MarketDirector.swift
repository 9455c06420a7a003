/// Decides what instruments are told of their day, and when: from clocks and what they have been told already.
///
/// It has no memory: what was told is read again before each decision, so it does not matter who decides, how often, and
/// whether what was decided last has been stored. An instrument whose close has not been cleared is told nothing but its
/// expiry: orders of a day that is over meet no later one.
public struct MarketDirector: Hashable, Sendable {
  /// Bounds of what is told at a time.
  public struct Limits: Hashable, Sendable {
    /// Instruments that are told something in one transaction at most.
    public var instructionsOfBatch = 1_000
    /// Trades that the first part of an auction makes at most.
    public var auctionPart = AuctionTerms.usualPartLimit
    /// How an expiry is divided.
    public var expiry = ExpiryPlan.Limits()

    /// The usual bounds.
    public init() {}
  }

  /// Where instruments ought to be.
  public enum Goal: Hashable, Sendable {
    /// Open, if they have ever been told of sessions; `today` is the day in New York.
    case alwaysOpen(today: Day)
    /// At this stage, all of them.
    case at(SessionPoint)
  }

  /// How long an order that is good until canceled lives: 90 days.
  public static let untilCanceledLife = Duration.seconds(90 * 86_400)
  /// How long before and after an opening or a close no shard should move, by our time.
  public static let quietSpan = Duration.seconds(2 * 60)

  /// The clock that this process was told to follow.
  public var mode: MarketClockMode
  /// The days and hours of trading.
  public var schedule: MarketSchedule
  /// How fast a simulated clock runs.
  public var speed: Int64
  /// The market's time at which a simulated clock begins; nil for half an hour before the next session.
  public var marketStart: Timestamp?
  /// The bounds that it keeps to.
  public var limits: Limits

  /// Makes a director.
  public init(
    mode: MarketClockMode = .open, schedule: MarketSchedule = MarketSchedule(),
    speed: Int64 = SimulatedTime.defaultSpeed, marketStart: Timestamp? = nil, limits: Limits = Limits()
  ) {
    self.mode = mode
    self.schedule = schedule
    self.speed = speed
    self.marketStart = marketStart
    self.limits = limits
  }

  // MARK: The clock

  /// The clock as it has to be remembered when this director leads.
  /// - Parameter latest: The latest stage that any instrument has been told; nil when none was told anything.
  public func clock(_ stored: MarketClockRecord, latest: SessionPoint?, at now: Timestamp) -> MarketClockRecord {
    var record = stored
    record.mode = mode
    switch mode {
    case .open, .calendar: break
    case .manual:
      // Closed until somebody opens it, which then begins this day.
      let yesterday = SessionPoint(NewYorkTime.day(at: now).advanced(by: -1), .closed)
      record.target = [stored.target, latest].compactMap { $0 }.max() ?? yesterday
    case .simulated:
      let time = stored.simulation ?? SimulatedTime(startedAt: now, marketStart: start(at: now), speed: speed)
      record.simulation = time.speed == speed ? time : time.running(at: speed, from: now)
    }
    return record
  }

  private func start(at now: Timestamp) -> Timestamp {
    marketStart
      ?? schedule.calendar.session(after: NewYorkTime.day(at: now)).open
      .advanced(by: .zero - MarketSchedule.defaultPreOpen)
  }

  /// Where instruments ought to be at a moment of ours.
  public func goal(_ clock: MarketClockRecord, at now: Timestamp) -> Goal {
    switch mode {
    case .manual: if let target = clock.target { return .at(target) }
    case .calendar, .simulated: return .at(schedule.state(at: clock.marketTime(at: now)).point)
    case .open: break
    }
    return .alwaysOpen(today: NewYorkTime.day(at: now))
  }

  /// Our moment at which the next stage begins; nil when no clock says.
  public func nextStage(_ clock: MarketClockRecord, at now: Timestamp) -> Timestamp? {
    switch mode {
    case .open, .manual: return nil
    case .calendar, .simulated: return clock.moment(of: schedule.state(at: clock.marketTime(at: now)).nextAt)
    }
  }

  /// Whether an opening or a close is near.
  public func isQuiet(_ clock: MarketClockRecord, at now: Timestamp) -> Bool {
    switch mode {
    case .open, .manual: return false
    case .calendar, .simulated:
      let market = clock.marketTime(at: now)
      let day = NewYorkTime.day(at: market)
      guard let session = schedule.calendar.session(on: day) else { return false }
      return [session.open, session.close].contains { moment in
        (.zero - Self.quietSpan...Self.quietSpan).contains(clock.moment(of: moment).span(since: now))
      }
    }
  }

  /// Orders that are good until canceled and were accepted before this moment of ours are too old.
  public func untilCanceledBefore(_ clock: MarketClockRecord, at now: Timestamp) -> Timestamp {
    clock.moment(of: clock.marketTime(at: now).advanced(by: .zero - Self.untilCanceledLife))
  }

  // MARK: Telling

  /// The stages that an instrument is told next; a close is the last of them, because what it leaves has to expire first.
  public func steps(from instructed: SessionPoint?, to goal: Goal) -> [SessionPoint] {
    let target: SessionPoint
    switch goal {
    case .at(let point): target = point
    case .alwaysOpen(let today):
      guard let instructed else { return [] }
      switch instructed.stage {
      case .open: return []
      case .preOpen: target = SessionPoint(instructed.day, .open)
      case .closed: target = SessionPoint(max(instructed.day.advanced(by: 1), today), .open)
      }
    }
    guard let instructed else { return [target] }
    let way = instructed.way(to: target)
    guard let close = way.firstIndex(where: { $0.stage == .closed }) else { return way }
    return Array(way[...close])
  }

  /// What instruments are told next, in transactions, by ascending shards.
  /// - Parameters:
  ///   - standings: Instruments that may have to be told something.
  ///   - expiring: The parts of their expiry that instruments are to be told, as ``ExpiryPlan`` has it.
  public func batches(
    _ allProgress: [InstrumentProgress], to goal: Goal, expiring: [InstrumentID: [ExpireOrders]] = [:]
  ) -> [MarketBatch] {
    let ordered = allProgress.sorted { ($0.shard, $0.instrument) < ($1.shard, $1.instrument) }
    var batches: [MarketBatch] = []
    for progress in ordered {
      guard let instruction = instruction(progress, goal, expiring[progress.instrument]) else { continue }
      if let last = batches.last, last.shard == progress.shard, last.instructions.count < limits.instructionsOfBatch {
        batches[batches.count - 1].instructions.append(instruction)
      } else {
        batches.append(MarketBatch(shard: progress.shard, instructions: [instruction]))
      }
    }
    return batches
  }

  private func instruction(
    _ progress: InstrumentProgress, _ goal: Goal, _ expiring: [ExpireOrders]?
  ) -> MarketBatch.Instruction? {
    let instructed = progress.instructed
    if let instructed, !instructed.isCleared {
      guard progress.awaitsExpiry, let expiring, !expiring.isEmpty else { return nil }
      return .init(progress.instrument, seen: instructed.sequence, expiries: expiring)
    }
    guard !progress.isCrossing else { return nil }
    let steps = steps(from: instructed?.point, to: goal)
    let auction = AuctionTerms(partLimit: limits.auctionPart, reference: progress.reference)
    return steps.isEmpty ? nil : .init(progress.instrument, seen: instructed?.sequence, steps: steps, auction: auction)
  }

  /// Instruments of which all that has seen their close is gone.
  public func cleared(_ allProgress: [InstrumentProgress], due: [InstrumentID: DueOrders]) -> [InstrumentProgress] {
    allProgress.filter { $0.awaitsExpiry && due[$0.instrument].map { $0.count == 0 } ?? false }
  }
}
