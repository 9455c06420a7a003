import Market
import Testing

@testable import PostgresStore

/// Where log rows are looked for: first where they most likely are, then everywhere.
struct LogSearchTests {
  /// Days 1 to 30, the latest first.
  let days = (1...30).reversed().map { Day(rawValue: $0) }

  private func numbers(_ days: [Day]) -> [Int32] { days.map(\.rawValue) }

  @Test func theDayOfTheCursorAndItsNeighboursComeFirst() {
    var search = LogSearch(5...9, hint: Day(rawValue: 20), days: days)
    #expect(numbers(search.next()) == [20, 19, 21])
    search.found(5)
    #expect(search.isComplete)
    #expect(search.next() == [])
  }

  @Test func whatIsMissingIsLookedForOnAllDaysFromTheLatest() {
    var search = LogSearch(5...9, hint: Day(rawValue: 20), days: days)
    var seen: [Int32] = []
    while case let next = search.next(), !next.isEmpty {
      #expect(next.count <= LogSearch.daysAtOnce)
      search.found(1)
      seen += numbers(next)
      if search.isComplete { break }
    }
    #expect(seen == [20, 19, 21] + (1...30).reversed().filter { !(19...21).contains($0) })
    #expect(search.isComplete)
  }

  @Test func aHintOfADayWithoutTablesIsPassedOver() {
    var search = LogSearch(1...1, hint: Day(rawValue: 0), days: days)
    #expect(numbers(search.next()) == [1], "the day before and the day of the hint have no tables")
    #expect(numbers(search.next()) == [30, 29, 28, 27, 26, 25, 24, 23])
  }

  @Test func aRunThatIsNotWholeIsNotComplete() {
    var search = LogSearch(1...10, hint: Day(rawValue: 30), days: days)
    var rounds = 0
    while case let next = search.next(), !next.isEmpty {
      search.found(rounds == 0 ? 9 : 0)
      rounds += 1
    }
    #expect(!search.isComplete)
  }

  @Test func daysMadeMeanwhileAreSearchedToo() {
    var search = LogSearch(1...1, hint: Day(rawValue: 30), days: days)
    while case let next = search.next(), !next.isEmpty {}
    search.learn([Day(rawValue: 31)] + days)
    #expect(numbers(search.next()) == [31])
    #expect(search.next() == [])
  }
}
