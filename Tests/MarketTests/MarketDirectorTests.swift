import Market
import TestKit
import Testing

/// Who decides without a memory tells everything once and in order, whatever is lost on the way.
@Suite struct MarketDirectorTests {
  private static var small: ExpiryPlan.Limits {
    var limits = ExpiryPlan.Limits()
    (limits.ordersOfPart, limits.ordersOfShard, limits.ordersAhead, limits.partsOfShard) = (3, 8, 8, 4)
    return limits
  }
  private static let midnight = NewYorkTime.moment(Day("2026-11-23")!, hour: 0, minute: 0)

  /// A log of one shard with some instruments, and what a director sees of it.
  private struct World {
    var instructed: [InstrumentProgress.Instructed?]
    var log: [Command] = []
    var processed: Int64 = 0
    /// Orders of each instrument that the log has placed, by the row: those that are open.
    var open: [[Int64]]

    init(instruments: Int) {
      instructed = Array(repeating: nil, count: instruments)
      open = Array(repeating: [], count: instruments)
    }

    /// As it is read: whatever is not where it should be.
    var allProgress: [InstrumentProgress] {
      instructed.enumerated().map {
        InstrumentProgress(
          InstrumentID(rawValue: Int32($0)), shard: Shard(rawValue: 0), instructed: $1,
          processed: Sequence(rawValue: processed))
      }
    }

    func due(_ allProgress: [InstrumentProgress]) -> [InstrumentID: DueOrders] {
      var due: [InstrumentID: DueOrders] = [:]
      for progress in allProgress where progress.awaitsExpiry {
        let orders = open[Int(progress.instrument.rawValue)]
        due[progress.instrument] = DueOrders(
          count: Int64(orders.count { $0 <= progress.instructed!.closedSequence.rawValue }))
      }
      return due
    }

    mutating func place(_ instrument: Int) {
      log.append(
        .cancel(
          CancelOrder(
            target: UniqueID(high: 0, low: 0), targetSequence: .zero, account: AccountNumber(rawValue: 1),
            instrument: InstrumentID(rawValue: Int32(instrument)))))
      open[instrument].append(Int64(log.count))
    }

    /// Stores a batch as the ledger does: all of it, or nothing when somebody was quicker.
    /// - Returns: The last row of each instrument.
    @discardableResult
    mutating func report(_ batch: MarketBatch) -> [InstrumentID: Sequence]? {
      guard batch.instructions.allSatisfy({ instructed[Int($0.instrument.rawValue)]?.sequence == $0.seen }) else {
        return nil
      }
      var last: [InstrumentID: Sequence] = [:]
      for instruction in batch.instructions {
        let name = Int(instruction.instrument.rawValue)
        var new = instructed[name] ?? .init(point: SessionPoint(Day(rawValue: 0), .preOpen), sequence: .zero)
        for command in instruction.commands {
          log.append(command)
          new.sequence = Sequence(rawValue: Int64(log.count))
          guard case .step(let step) = command else { continue }
          new.point = step.point
          if step.point.stage == .closed { (new.closedSequence, new.isCleared) = (new.sequence, false) }
        }
        instructed[name] = new
        last[instruction.instrument] = new.sequence
      }
      return last
    }

    mutating func clear(_ allProgress: [InstrumentProgress]) {
      for progress in allProgress
      where instructed[Int(progress.instrument.rawValue)]?.sequence == progress.instructed?.sequence {
        instructed[Int(progress.instrument.rawValue)]?.isCleared = true
      }
    }

    mutating func process(upTo last: Int64) {
      while processed < min(last, Int64(log.count)) {
        processed += 1
        guard case .expire(let expiry) = log[Int(processed) - 1] else { continue }
        let name = Int(expiry.instrument.rawValue)
        for order in open[name].filter({ $0 <= expiry.dayThrough.rawValue }).prefix(Int(expiry.limit)) {
          open[name].removeAll { $0 == order }
        }
      }
    }

    func steps(of instrument: Int) -> [SessionPoint] {
      log.compactMap {
        if case .step(let step) = $0, step.instrument.rawValue == Int32(instrument) { step.point } else { nil }
      }
    }
  }

  @Test(arguments: 1...200 as ClosedRange<UInt64>)
  func everyStageIsReportedOnceAndInOrderWhateverIsLost(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var director = MarketDirector(mode: seed.isMultiple(of: 2) ? .calendar : .simulated)
    director.limits.instructionsOfBatch = 2
    var plans = [ExpiryPlan(limits: Self.small), ExpiryPlan(limits: Self.small)]
    var world = World(instruments: 3)
    var now = Self.midnight
    var clock = director.clock(MarketClockRecord(), latest: nil, at: now)
    /// Views that two leaders have taken and not yet acted by.
    var late: [(leader: Int, batches: [MarketBatch], cleared: [InstrumentProgress])] = []
    func view(by leader: Int) -> (leader: Int, batches: [MarketBatch], cleared: [InstrumentProgress]) {
      let allProgress = world.allProgress
      let asked = plans[leader].observe(allProgress, at: now)
      let due = world.due(asked)
      _ = plans[leader].count(asked, due, at: now)
      return (
        leader,
        director.batches(
          allProgress, to: director.goal(clock, at: now), expiring: plans[leader].parts(allProgress, at: now)),
        director.cleared(asked, due: due)
      )
    }
    func report(_ batch: MarketBatch, by leader: Int, isHeard: Bool = true) {
      let last = world.report(batch)
      guard isHeard else { return }
      guard let last else { return plans[leader].forget(batch.instructions.map(\.instrument)) }
      for instruction in batch.instructions {
        plans[leader].instructed(instruction.expiries, last: last[instruction.instrument]!, at: now)
      }
    }
    for _ in 0..<400 {
      switch Int.random(in: 0..<8, using: &random) {
      case 0, 1: now = now.advanced(byMicroseconds: .random(in: 0...3_600_000_000, using: &random))
      case 2: if Bool.random(using: &random) { now = now.advanced(byMicroseconds: 3 * 86_400_000_000) }
      case 3: for _ in 0..<4 { world.place(.random(in: 0..<3, using: &random)) }
      case 4: world.process(upTo: world.processed + .random(in: 0...20, using: &random))
      case 5:
        // A view that is acted by later, if at all.
        clock = director.clock(clock, latest: nil, at: now)
        late.append(view(by: .random(in: 0...1, using: &random)))
      default:
        guard let place = late.indices.randomElement(using: &random) else { break }
        let view = late[place]
        // A lost answer leaves the view standing: it is acted by twice.
        let isHeard = Bool.random(using: &random)
        if isHeard { late.remove(at: place) }
        world.clear(view.cleared)
        for batch in view.batches.prefix(.random(in: 0...view.batches.count, using: &random)) {
          report(batch, by: view.leader, isHeard: isHeard)
        }
      }
    }
    // In quiet, all comes to where it should be, and nothing of a closed day is left.
    let goal = director.goal(clock, at: now)
    for _ in 0..<1_000 {
      world.process(upTo: .max)
      let view = view(by: 0)
      world.clear(view.cleared)
      for batch in view.batches { report(batch, by: 0) }
    }
    #expect(view(by: 0).batches.isEmpty, "seed \(seed): it does not come to rest")
    for instrument in 0..<3 {
      let steps = world.steps(of: instrument)
      #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 }, "seed \(seed): \(steps)")
      #expect(!steps.isEmpty && goal == .at(steps.last!), "seed \(seed): \(steps) does not lead to \(goal)")
      for (one, next) in zip(steps, steps.dropFirst()) where one.stage == .open {
        #expect(next == SessionPoint(one.day, .closed), "seed \(seed): \(one) is followed by \(next)")
      }
      let instructed = world.instructed[instrument]!
      #expect(instructed.isCleared, "seed \(seed)")
      #expect(world.open[instrument].allSatisfy { $0 > instructed.closedSequence.rawValue }, "seed \(seed)")
    }
    expectNothingOldMeetsALaterDay(world, seed)
  }

  /// No opening stands in the log before all that saw the close before it has been ended by rows before the opening.
  private func expectNothingOldMeetsALaterDay(_ world: World, _ seed: UInt64) {
    for instrument in 0..<3 {
      var orders = 0
      var closed: Int?
      for command in world.log {
        switch command {
        case .cancel(let order) where order.instrument.rawValue == Int32(instrument): orders += 1
        case .step(let step) where step.instrument.rawValue == Int32(instrument):
          if step.point.stage == .closed {
            closed = (closed ?? 0) + orders
            orders = 0
          } else {
            #expect((closed ?? 0) <= 0, "seed \(seed): \(step.point) while \(closed ?? 0) old orders may stand")
          }
        case .expire(let expiry) where expiry.instrument.rawValue == Int32(instrument):
          closed = closed.map { $0 - Int(expiry.limit) }
        default: break
        }
      }
    }
  }

  @Test func aMarketThatIsAlwaysOpenLeavesAloneWhatNeverHadSessions() {
    let director = MarketDirector()
    let today = Day("2026-11-25")!
    let goal = MarketDirector.Goal.alwaysOpen(today: today)
    #expect(director.steps(from: nil, to: goal) == [])
    #expect(director.steps(from: SessionPoint(today, .preOpen), to: goal) == [SessionPoint(today, .open)])
    #expect(director.steps(from: SessionPoint(today, .open), to: goal) == [])
    let next = SessionPoint(today.advanced(by: 1), .open)
    #expect(director.steps(from: SessionPoint(today, .closed), to: goal) == [next])
  }

  @Test func aManualMarketIsClosedUntilItIsOpenedAndNeverBehindWhatWasReported() {
    let director = MarketDirector(mode: .manual)
    let first = director.clock(MarketClockRecord(), latest: nil, at: Self.midnight)
    #expect(first.target == SessionPoint(Day("2026-11-22")!, .closed))
    let later = SessionPoint(Day("2026-12-24")!, .open)
    #expect(director.clock(first, latest: later, at: Self.midnight).target == later)
  }

  @Test func aSimulatedTimeGoesOnWhereItWasWhenItsSpeedChanges() {
    let director = MarketDirector(mode: .simulated, speed: 60)
    let first = director.clock(MarketClockRecord(), latest: nil, at: Self.midnight)
    #expect(first.marketTime(at: Self.midnight) == NewYorkTime.moment(Day("2026-11-24")!, hour: 9, minute: 0))
    let later = Self.midnight.advanced(byMicroseconds: 60_000_000)
    #expect(director.clock(first, latest: nil, at: later) == first)
    var slower = director
    slower.speed = 10
    let second = slower.clock(first, latest: nil, at: later)
    #expect(second.marketTime(at: later) == first.marketTime(at: later))
    let hour = second.moment(of: second.marketTime(at: later).advanced(byMicroseconds: 3_600_000_000))
    #expect(hour == later.advanced(byMicroseconds: 360_000_000))
  }

  @Test func nothingMovesAroundTheOpeningAndTheClose() {
    let director = MarketDirector(mode: .calendar)
    let session = TradingCalendar.regular.session(on: Day("2026-11-27")!)!
    func isQuiet(_ moment: Timestamp, _ seconds: Int64) -> Bool {
      director.isQuiet(MarketClockRecord(mode: .calendar), at: moment.advanced(byMicroseconds: seconds * 1_000_000))
    }
    for moment in [session.open, session.close] {
      #expect(isQuiet(moment, -120) && isQuiet(moment, 0) && isQuiet(moment, 120))
      #expect(!isQuiet(moment, -121) && !isQuiet(moment, 121))
    }
  }
}
