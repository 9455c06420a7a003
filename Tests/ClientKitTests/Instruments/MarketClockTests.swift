import Market
import Testing

@testable import ClientKit

@Suite struct MarketClockTests {
  private let night = Timestamp("2026-11-26T02:00:00Z")!
  private let close = Timestamp("2026-11-27T18:00:00Z")!

  @Test func ordersAreOverAtTheCloseOfTheirSession() {
    let clock = MarketClock(mode: .calendar)
    #expect(clock.end(of: .day, submittedAt: night) == close)
    #expect(clock.end(of: .cls, submittedAt: close.advanced(byMicroseconds: -1)) == close)
    #expect(clock.end(of: .day, submittedAt: close) == Timestamp("2026-11-30T21:00:00Z")!)
    #expect(clock.end(of: .gtc, submittedAt: night) == Timestamp("2027-02-24T21:00:00Z")!)
    for mode in [MarketClockMode.open, .manual, .calendar] {
      for time in [TimeInForce.day, .ioc, .fok, .opg, .cls] {
        #expect(MarketClock(mode: mode).end(of: time, submittedAt: night) == close)
      }
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

  /// Where the operator is ahead of the calendar, what comes next is told by the operator's day.
  @Test func aManualMarketsDayCounts() {
    let monday = Day("2026-11-30")!
    let hours = [
      (monday.advanced(by: 1), "14:30", "21:00"), (monday.advanced(by: 2), "14:30", "21:00"),
    ].map { day, open, close in
      (day: day, open: Timestamp("\(day)T\(open):00Z")!, close: Timestamp("\(day)T\(close):00Z")!)
    }
    func state(_ stage: SessionStage, of day: Day, at text: String) -> MarketClock.State {
      let record = MarketClockRecord(mode: .manual, target: SessionPoint(day, stage))
      return MarketClock(mode: .manual, record: record).state(at: Timestamp(text)!)
    }
    // Tuesday's session has been opened while it is Monday noon.
    let ahead = state(.open, of: hours[0].day, at: "2026-11-30T17:00:00Z")
    #expect(ahead.isOpen && ahead.nextClose == hours[0].close && ahead.nextOpen == hours[1].open)
    // Monday's is over at noon already.
    let early = state(.closed, of: monday, at: "2026-11-30T17:00:00Z")
    #expect(!early.isOpen && early.nextOpen == hours[0].open && early.nextClose == hours[0].close)
    let collecting = state(.preOpen, of: hours[0].day, at: "2026-11-30T17:00:00Z")
    #expect(!collecting.isOpen && collecting.nextOpen == hours[0].open && collecting.nextClose == hours[0].close)
    // Monday's goes on at night.
    let late = state(.open, of: monday, at: "2026-12-01T03:00:00Z")
    #expect(late.isOpen && late.nextClose == hours[0].close && late.nextOpen == hours[1].open)
    // A market that is open always names what comes next by the calendar: the close before the opening, both ahead.
    for text in ["2026-11-28T17:00:00Z", "2026-11-30T17:00:00Z", "2026-11-30T21:00:00Z", "2026-12-01T03:00:00Z"] {
      let open = MarketClock(mode: .open).state(at: Timestamp(text)!)
      #expect(open.isOpen && open.nextClose > Timestamp(text)! && open.nextClose < open.nextOpen)
    }
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
