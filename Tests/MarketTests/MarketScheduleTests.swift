import Market
import TestKit
import Testing

/// The stages of trading days.
@Suite struct MarketScheduleTests {
  private let schedule = MarketSchedule()

  @Test(arguments: [
    ("2026-11-25T13:59:59.999999Z", "2026-11-24 closed", "2026-11-25 pre-open", "2026-11-25T14:00:00Z"),
    ("2026-11-25T14:00:00Z", "2026-11-25 pre-open", "2026-11-25 open", "2026-11-25T14:30:00Z"),
    ("2026-11-25T14:30:00Z", "2026-11-25 open", "2026-11-25 closed", "2026-11-25T21:00:00Z"),
    ("2026-11-25T20:59:59.999999Z", "2026-11-25 open", "2026-11-25 closed", "2026-11-25T21:00:00Z"),
    // Thanksgiving lies in between, and the day after is short.
    ("2026-11-25T21:00:00Z", "2026-11-25 closed", "2026-11-27 pre-open", "2026-11-27T14:00:00Z"),
    ("2026-11-27T18:00:00Z", "2026-11-27 closed", "2026-11-30 pre-open", "2026-11-30T14:00:00Z"),
  ])
  func stagesFollowTheCalendar(_ now: String, _ point: String, _ next: String, _ nextAt: String) throws {
    let state = schedule.state(at: try #require(Timestamp(now)))
    #expect(state.point.description == point && state.next.description == next)
    #expect(state.nextAt == Timestamp(nextAt))
  }

  /// Whoever goes from stage to stage meets every stage once and in order.
  @Test func stagesFollowEachOtherWithoutAGap() {
    var now = Timestamp("2026-01-01T00:00:00Z")!
    var points: [SessionPoint] = []
    while points.count < 1000 {
      let state = schedule.state(at: now)
      #expect(schedule.state(at: state.nextAt).point == state.next && state.nextAt > now)
      points.append(state.next)
      now = state.nextAt
    }
    #expect(zip(points, points.dropFirst()).allSatisfy { $0 < $1 })
    #expect(points.map(\.stage).prefix(3) == [.preOpen, .open, .closed])
    for index in points.indices { #expect(points[index].stage.rawValue == UInt8(index % 3)) }
  }

  /// However seldom somebody looks, days are closed before others open, and nothing is done twice.
  @Test(arguments: [UInt64](1...100)) func whoeverLooksSeldomMissesNoClose(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var now = Timestamp("2026-03-02T12:00:00Z")!
    var point = schedule.state(at: now).point
    var taken = [point]
    for _ in 0..<60 {
      now = now.advanced(byMicroseconds: Int64(random.number(0...40)) * Int64(random.number(1...120)) * 60_000_000)
      let target = schedule.state(at: now).point
      let way = point.way(to: target)
      #expect((way.last ?? point) == target && target.way(to: target) == [])
      taken += way
      point = target
    }
    for (one, next) in zip(taken, taken.dropFirst()) {
      #expect(one < next && (one.stage != .open || next == SessionPoint(one.day, .closed)), "seed \(seed)")
    }
  }

  @Test func nothingLeadsBack() {
    let day = Day("2026-11-25")!
    #expect(SessionPoint(day, .closed).way(to: SessionPoint(day, .open)) == [])
  }
}
