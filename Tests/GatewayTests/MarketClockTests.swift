import Market
import Testing

@testable import Gateway

@Suite struct MarketClockTests {
  private let night = Timestamp("2026-11-26T02:00:00Z")!
  private let close = Timestamp("2026-11-27T18:00:00Z")!

  @Test func ordersAreOverAtTheCloseOfTheirSession() {
    let clock = MarketClock(mode: .calendar)
    #expect(clock.end(of: .day, submittedAt: night) == close)
    #expect(clock.end(of: .cls, submittedAt: close.advanced(byMicroseconds: -1)) == close)
    #expect(clock.end(of: .day, submittedAt: close) == Timestamp("2026-11-30T21:00:00Z")!)
    #expect(clock.end(of: .gtc, submittedAt: night) == Timestamp("2027-02-24T21:00:00Z")!)
    for time in [TimeInForce.ioc, .fok, .opg] { #expect(clock.end(of: time, submittedAt: night) == nil) }
    for mode in [MarketClockMode.open, .manual] {
      #expect(MarketClock(mode: mode).end(of: .day, submittedAt: night) == nil)
    }
  }

  @Test func aManualMarketIsOpenWhenItsOperatorSaysSo() {
    for (stage, isOpen) in [(SessionStage.preOpen, false), (.open, true), (.closed, false)] {
      let record = MarketClockRecord(mode: .manual, target: SessionPoint(Day("2026-11-26")!, stage))
      let state = MarketClock(mode: .manual, record: record).state(at: night)
      #expect(state.isOpen == isOpen && state.nextClose == close)
    }
    #expect(!MarketClock(mode: .manual).state(at: night).isOpen)
  }

  @Test func ordersOfASimulatedMarketEndInOurTime() {
    let record = MarketClockRecord(
      mode: .simulated,
      simulation: SimulatedTime(
        startedAt: night, marketStart: close.advanced(byMicroseconds: -60_000_000), speed: 60))
    let clock = MarketClock(mode: .simulated, record: record)
    #expect(clock.state(at: clock.marketTime(at: night)).isOpen)
    #expect(clock.end(of: .day, submittedAt: night) == night.advanced(byMicroseconds: 1_000_000))
  }
}
