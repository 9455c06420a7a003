import Market
import TestKit
import Testing

/// What is decided about price bands, limit states and pauses.
@Suite struct BandDirectorTests {
  private let instrument = InstrumentID(rawValue: 7)
  private let shard = Shard(rawValue: 3)
  private let friday = Day("2026-11-27")!
  /// Noon in New York, on a day that closes early, at 13:00.
  private let noon = Timestamp("2026-11-27T17:00:00Z")!
  private let director = MarketDirector(mode: .calendar)
  private let clock = MarketClockRecord(mode: .calendar)

  private func terms(_ reference: String, close: String = "100", isNearClose: Bool = false) -> BandTerms {
    BandTerms(
      reference: Price(reference)!, previousClose: Price(close)!, tier: .tier1, isNearClose: isNearClose)
  }

  /// An instrument that trades within a band around 100 since a minute.
  private func trading(_ change: (inout BandProgress) -> Void = { _ in }) -> BandProgress {
    var progress = BandProgress(
      instrument, shard: shard, tier: .tier1, phase: InstrumentPhase(SessionPoint(friday, .open), band: terms("100")),
      since: noon.advanced(byMicroseconds: -60_000_000), instructed: .init(Sequence(rawValue: 5), day: friday),
      processed: Sequence(rawValue: 9), last: Price("100")!)
    change(&progress)
    return progress
  }

  private func decide(
    _ progress: BandProgress, after seconds: Int64 = 0, goal: SessionStage = .open, director: MarketDirector? = nil
  ) -> BandDecisions {
    (director ?? self.director)
      .bands(
        [progress], to: .at(SessionPoint(friday, goal)), clock, at: noon.advanced(byMicroseconds: seconds * 1_000_000))
  }

  private func instructed(_ decisions: BandDecisions) -> [BandTerms?] {
    (decisions.instructions[shard] ?? []).map(\.change.terms)
  }

  @Test func aBandThatStandsIsNotReportedAgain() {
    #expect(decide(trading()).isEmpty)
    // Neither is one that has been told and not been processed.
    let waiting = trading {
      $0.phase.band = nil
      $0.instructed = .init(Sequence(rawValue: 10), day: friday)
    }
    #expect(decide(waiting).isEmpty)
    let stuck = trading {
      $0.phase.band = nil
      $0.instructed = .init(Sequence(rawValue: 5), day: friday, isQuarantined: true)
    }
    #expect(decide(stuck).isEmpty)
  }

  @Test func aDayBeginsWithTheLastPrice() {
    let morning = trading {
      $0.phase = InstrumentPhase(SessionPoint(friday, .preOpen), band: terms("98", close: "97"))
      $0.instructed = .init(Sequence(rawValue: 5), day: friday.advanced(by: -1))
      $0.last = Price("99")!
    }
    #expect(instructed(decide(morning)) == [terms("99", close: "99")])
    #expect(decide(morning).instructions[shard]?.first?.day == friday)
    // A band that is the same is the new day's all the same, once.
    var same = morning
    same.phase.band = terms("99", close: "99")
    #expect(instructed(decide(same)) == [terms("99", close: "99")])
    same.instructed = .init(Sequence(rawValue: 6), day: friday)
    #expect(decide(same).isEmpty)
    // What has no price has no band yet; what is over waits for its next day.
    #expect(decide(trading { ($0.phase.band, $0.instructed, $0.last) = (nil, nil, nil) }).isEmpty)
    #expect(decide(trading { $0.phase.point = SessionPoint(friday, .closed) }).isEmpty)
  }

  @Test func theReferenceFollowsTheMeanAndTheWidthTheClock() {
    let moved = trading { $0.trades = TradeMean(sum: 3_060_000, count: 3) }
    #expect(instructed(decide(moved)) == [terms("102")])
    #expect(decide(moved, after: -31).isEmpty, "it has stood for less than half a minute")
    // 12:35 is 25 minutes before the early close.
    #expect(instructed(decide(trading(), after: 35 * 60)) == [terms("100", isNearClose: true)])
    #expect(decide(trading(), after: 35 * 60 - 1).isEmpty)
    #expect(decide(trading(), after: 35 * 60, director: MarketDirector(mode: .open)).isEmpty, "nothing closes")
    var still = moved
    still.phase.isHalted = true
    #expect(decide(still).isEmpty)
    still = moved
    still.limit = LimitState(.upper, since: noon)
    #expect(decide(still).isEmpty, "in a limit state the band stands")
    // What leaves the reference as it is takes nothing back that an auction has made of it since.
    #expect(decide(trading(), after: 35 * 60).instructions[shard]?.first?.change.keepsReference == true)
    #expect(decide(moved).instructions[shard]?.first?.change.keepsReference == false)
    // The close is no reason to tell another width.
    let late = trading { $0.phase.band!.isNearClose = true }
    #expect(decide(late, after: 3_600).isEmpty && decide(late, after: 3_700).isEmpty)
  }

  @Test func whoeverWantsNoBandIsReportedOnceThatThereIsNone() {
    #expect(instructed(decide(trading { $0.tier = nil })) == [nil])
    #expect(decide(trading { ($0.tier, $0.phase.band) = (nil, nil) }).isEmpty)
    #expect(instructed(decide(trading { $0.tier = .tier2 })).map { $0?.tier } == [.tier2])
  }

  @Test func aLimitStateThatLastsLeadsToAPause() throws {
    let lasting = trading { $0.limit = LimitState(.upper, since: noon) }
    #expect(decide(lasting, after: 14).isEmpty)
    let pause = try #require(decide(lasting, after: 15).pauses.first)
    #expect(pause.until == noon.advanced(byMicroseconds: 315_000_000) && pause.reason.contains("limit up"))
    var halted = lasting
    halted.phase.isHalted = true
    #expect(decide(halted, after: 15).pauses.isEmpty)
    // Trading reopens before the close, and none begins where that is not possible any more.
    var late = lasting
    late.phase.band!.isNearClose = true
    let close = Int64(3_600)
    #expect(
      decide(late, after: close - 60).pauses.map(\.until)
        == [noon.advanced(byMicroseconds: (close - 10) * 1_000_000)])
    #expect(decide(late, after: close - 10).pauses.isEmpty)
  }

  @Test func aPauseEndsByItsTimeOrWithTheDay() {
    let paused = trading {
      $0.phase.isHalted = true
      $0.pausedUntil = noon
    }
    #expect(decide(paused, after: -1).isEmpty)
    #expect(decide(paused).resumptions == [shard: [instrument]])
    // A day that ends meanwhile has its closing auction.
    #expect(decide(paused, after: -1, goal: .closed).resumptions == [shard: [instrument]])
    #expect(decide(paused, after: -1, goal: .closed).instructions.isEmpty)
    var closed = paused
    closed.phase.point = SessionPoint(friday, .closed)
    #expect(decide(closed, after: -1).resumptions == [shard: [instrument]])
  }

  /// In a market's own time that runs sixty times as fast, all spans are a sixtieth of ours.
  @Test func spansAreThoseOfTheMarketsTime() {
    let simulation = SimulatedTime(startedAt: noon, marketStart: noon, speed: 60)
    let clock = MarketClockRecord(mode: .simulated, simulation: simulation)
    let simulated = MarketDirector(mode: .simulated)
    let goal = MarketDirector.Goal.at(SessionPoint(friday, .open))
    #expect(simulated.bandWindow(clock, at: noon) == noon.advanced(byMicroseconds: -5_000_000))
    let observe = { (after: Int64) in
      simulated.pollsReferences(clock, after: noon, at: noon.advanced(byMicroseconds: after))
    }
    #expect(!observe(83_333) && observe(83_334) && simulated.pollsReferences(clock, after: nil, at: noon))
    #expect(simulated.bandsMayMove(clock, at: noon) == noon.advanced(byMicroseconds: -500_000))
    let lasting = trading { $0.limit = LimitState(.upper, since: noon) }
    let moment = noon.advanced(byMicroseconds: 250_000)
    #expect(
      simulated.bands([lasting], to: goal, clock, at: moment).pauses.map(\.until)
        == [moment.advanced(byMicroseconds: 5_000_000)])
    #expect(simulated.bands([lasting], to: goal, clock, at: noon.advanced(byMicroseconds: 249_999)).pauses.isEmpty)
  }
}
