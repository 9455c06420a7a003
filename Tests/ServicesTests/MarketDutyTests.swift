import Lifecycle
import Market
import Ports
import Sharding
import TestKit
import Testing

@testable import Services

/// The leader's duty turn by turn, whatever its ledger does.
@Suite struct MarketDutyTests {
  private static let today = NewYorkTime.day(at: Row.start)
  private static let instruments = [InstrumentID(rawValue: 1), InstrumentID(rawValue: 2)]
  private static let me = Leadership(term: Term(rawValue: 1), nonce: 1)

  /// A manual market under a duty.
  private struct Floor {
    let ledger: FakeMarketDayStore
    let stream = FakeStream()
    let recorder = Recorder<WorkerEvent>()
    let time = Lock(Row.start)
    let duty: MarketDuty

    init(at point: SessionPoint? = SessionPoint(today, .preOpen)) {
      ledger = FakeMarketDayStore(
        instruments: instruments, record: MarketClockRecord(mode: point.map { _ in .manual }, target: point))
      var settings = ExecutionSettings()
      settings.market = MarketDirector(mode: .manual)
      duty = MarketDuty(
        ledger: ledger, stream: stream, settings: settings, now: { [time] in time.withLock { $0 } }
      ) { [recorder] in recorder.add($0) }
    }

    @discardableResult
    func turn() async -> MarketDuty.Turn { await duty.turn(me) }

    /// Turns until nothing is told any more, while the shard's owner works.
    func rest() async {
      for _ in 0..<20 {
        await turn()
        await ledger.process()
      }
    }

    /// How often something was reported.
    func reports(_ isMeant: (WorkerEvent) -> Bool) -> Int { recorder.all.count(where: isMeant) }
  }

  private static func isDelay(_ event: WorkerEvent) -> Bool { if case .marketDelayed = event { true } else { false } }

  @Test func everyStageIsReportedOnceAndPublished() async {
    let floor = Floor()
    await floor.rest()
    #expect(await floor.ledger.steps == Array(repeating: SessionPoint(Self.today, .preOpen), count: 2))
    await floor.ledger.aim(SessionPoint(Self.today, .open))
    await floor.rest()
    await floor.ledger.aim(SessionPoint(Self.today, .closed))
    await floor.rest()
    let stages: [SessionStage] = [.preOpen, .preOpen, .open, .open, .closed, .closed]
    #expect(await floor.ledger.steps == stages.map { SessionPoint(Self.today, $0) })
    #expect(await floor.stream.published == floor.ledger.log)
    #expect(floor.reports { if case .instrumentsInstructed(_, _, instruments: 2) = $0 { true } else { false } } == 3)
  }

  @Test func whatCannotBePublishedIsReportedAllTheSame() async {
    let floor = Floor()
    await floor.stream.fail("down")
    await floor.rest()
    #expect(await floor.ledger.steps.count == 2)
    #expect(floor.reports(Self.isDelay) == 0, "owners find the rows in the log")
    #expect(floor.reports { if case .trouble(.failed(.publishing, _, _)) = $0 { true } else { false } } > 0)
  }

  @Test(arguments: [FakeMarketDayStore.Turn.beTooLate, .storeThenLose, .fail(.unavailable(reason: "away"))])
  func whatBecameOfATellingIsSeenInTheNextTurn(_ turn: FakeMarketDayStore.Turn) async {
    let floor = Floor()
    await floor.ledger.script([turn])
    await floor.rest()
    #expect(await floor.ledger.steps == Array(repeating: SessionPoint(Self.today, .preOpen), count: 2))
  }

  @Test func aLedgerThatIsAwayIsReportedOnceUntilItIsBack() async {
    let floor = Floor()
    for _ in 0..<2 {
      let before = floor.reports(Self.isDelay)
      await floor.ledger.fail(.unavailable(reason: "away"))
      for _ in 0..<3 { #expect(await floor.turn() == .done(ExecutionSettings().marketPeriod)) }
      #expect(floor.reports(Self.isDelay) == before + 1)
      await floor.ledger.fail(nil)
      await floor.rest()
    }
    #expect(await floor.ledger.steps.count == 2)
  }

  @Test func whoseTermHasEndedReportsAndRemembersNothing() async {
    let unset = Floor(at: nil)
    await unset.ledger.endTerm()
    #expect(await unset.turn() == .termEnded)
    #expect(await unset.ledger.record == MarketClockRecord())
    let floor = Floor()
    await floor.ledger.endTerm()
    #expect(await floor.turn() == .termEnded)
    #expect(await floor.ledger.log.isEmpty)
  }

  @Test func aManualMarketIsRememberedWhereItStandsAndNeverBehindWhatWasReported() async {
    let floor = Floor(at: nil)
    await floor.turn()
    #expect(
      await floor.ledger.record
        == MarketClockRecord(mode: .manual, target: SessionPoint(Self.today.advanced(by: -1), .closed)))
    #expect(floor.reports { if case .clockChanged(nil, .manual) = $0 { true } else { false } } == 1)
    await floor.rest()
    await floor.ledger.aim(SessionPoint(Self.today, .open))
    await floor.rest()
    #expect(await floor.ledger.record.target == SessionPoint(Self.today, .open), "an operator's wish stands")
  }

  @Test func aClosedInstrumentOpensOnlyWhenItsOrdersHaveEnded() async {
    let floor = Floor(at: SessionPoint(Self.today, .closed))
    await floor.ledger.place(2_500, in: Self.instruments[0])
    await floor.turn()
    await floor.ledger.aim(SessionPoint(Self.today.advanced(by: 1), .open))
    for _ in 0..<5 { await floor.turn() }
    #expect(await floor.ledger.counts == 0, "what has not been processed has no count")
    await floor.ledger.process()
    await floor.turn()
    #expect(await floor.ledger.parts == [1_000, 1_000, 500])
    for _ in 0..<5 { await floor.turn() }
    #expect(await floor.ledger.parts.count == 3, "nothing more while that is under way")
    #expect(await floor.ledger.counts == 1)
    await floor.rest()
    #expect(await floor.ledger.instructed.values.allSatisfy { $0.point.stage == .open && $0.isCleared })
    let log = await floor.ledger.log
    let last = log.lastIndex { if case .expire = $0.command { true } else { false } }
    let first = log.firstIndex {
      if case .step(let step) = $0.command {
        step.point.stage == .open && step.instrument == Self.instruments[0]
      } else {
        false
      }
    }
    #expect(last! < first!)
  }

  @Test func ordersThatNeverEndAreReportedOnceAndStopNobodyElse() async {
    let floor = Floor(at: SessionPoint(Self.today, .closed))
    await floor.ledger.place(7, in: Self.instruments[0])
    await floor.turn()
    for _ in 0..<600 {
      await floor.ledger.process(ending: false)
      await floor.turn()
      floor.time.withLock { $0 = $0.advanced(byMicroseconds: 100_000) }
    }
    #expect(floor.reports { if case .expiryStuck(Self.instruments[0], orders: 7) = $0 { true } else { false } } == 1)
    let tries = await floor.ledger.parts.count
    #expect((4...8).contains(tries), "\(tries) tries in a minute")
    #expect(await floor.ledger.instructed[Self.instruments[1]]?.isCleared == true)
    // Once they end, all goes on.
    floor.time.withLock { $0 = $0.advanced(byMicroseconds: 600_000_000) }
    await floor.rest()
    #expect(await floor.ledger.instructed[Self.instruments[0]]?.isCleared == true)
  }

  /// An instrument that stands at an end of its band since long.
  private static func atLimit(_ change: (inout BandProgress) -> Void = { _ in }) -> BandProgress {
    let terms = BandTerms(reference: Price("100")!, previousClose: Price("100")!, tier: .tier1)
    var progress = BandProgress(
      instruments[0], shard: Row.shard, tier: .tier1,
      phase: InstrumentPhase(SessionPoint(today, .open), band: terms, limit: .upper), since: Row.start,
      instructed: .init(.zero, day: today), last: Price("100")!, limit: LimitState(.upper, since: Row.start))
    change(&progress)
    return progress
  }

  @Test func aPauseIsReportedWhenItBegins() async {
    let floor = Floor(at: SessionPoint(Self.today, .open))
    await floor.ledger.set(bands: [Self.atLimit()])
    await floor.turn()
    #expect(await floor.ledger.acts.isEmpty)
    floor.time.withLock { $0 = $0.advanced(by: LimitState.patience) }
    for _ in 0..<3 { await floor.turn() }
    #expect(await floor.ledger.acts == ["pause", "pause", "pause"], "it does not show yet")
    #expect(floor.reports { if case .tradingPaused = $0 { true } else { false } } == 1)
    await floor.ledger.endTerm()
    #expect(await floor.turn() == .termEnded)
  }

  /// So that the closing auction is held: its row comes behind the one that ends the pause.
  @Test func aPauseEndsBeforeTheDay() async {
    let floor = Floor(at: SessionPoint(Self.today, .open))
    await floor.rest()
    let rows = await floor.ledger.log.count
    await floor.ledger.set(
      bands: [
        Self.atLimit {
          $0.phase.isHalted = true
          $0.pausedUntil = Row.start.advanced(by: LimitState.pause)
        }
      ])
    await floor.turn()
    #expect(await floor.ledger.acts.isEmpty)
    await floor.ledger.aim(SessionPoint(Self.today, .closed))
    await floor.turn()
    #expect(await floor.ledger.acts == ["resume before row \(rows + 1)"])
    #expect(await floor.ledger.log.count == rows + 2)
  }

  /// The next parts are told when those before have been processed, and published; one that is in quarantine stops them.
  @Test func partsOfAuctionsAreReportedOneBatchAfterTheOther() async {
    let floor = Floor(at: SessionPoint(Self.today, .open))
    await floor.rest()
    let steps = await floor.ledger.log.count
    let progress = AuctionProgress(
      Self.instruments[0], shard: Row.shard, instructed: .zero, processed: .zero, left: 2_500)
    await floor.ledger.set(auctions: [progress])
    for _ in 0..<3 { #expect(await floor.turn() == .done(ExecutionSettings().pollPeriod)) }
    let parts = Array(repeating: Command.cross(AuctionPart(Self.instruments[0], limit: 500)), count: 3)
    #expect(await floor.ledger.log.dropFirst(steps).map(\.command) == parts)
    await floor.ledger.process()
    await floor.turn()
    #expect(await floor.ledger.log.dropFirst(steps).map(\.command) == parts + parts)
    #expect(await floor.stream.published == floor.ledger.log)
    var held = progress
    held.isHeld = true
    await floor.ledger.set(auctions: [held])
    await floor.ledger.process()
    await floor.turn()
    #expect(await floor.ledger.log.count == steps + 6)
    await floor.ledger.set(auctions: [])
    #expect(await floor.turn() == .done(ExecutionSettings().marketPeriod))
    await floor.ledger.set(auctions: [progress])
    await floor.ledger.endTerm()
    #expect(await floor.turn() == .termEnded)
  }

  @Test func bandsAreReportedAndPublished() async {
    let floor = Floor(at: SessionPoint(Self.today, .open))
    await floor.rest()
    await floor.ledger.set(bands: [Self.atLimit { ($0.phase.band, $0.limit, $0.instructed) = (nil, nil, nil) }])
    await floor.turn()
    #expect(await floor.ledger.acts == ["band"])
    #expect(await floor.stream.published == floor.ledger.log)
  }
}
