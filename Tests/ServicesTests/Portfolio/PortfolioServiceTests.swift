import Accounting
import Lifecycle
import Market
import Ports
import TestKit
import Testing

@testable import Services

/// An account's past, as a script says.
private final class FakePast: AccountActivityReader {
  struct State {
    var movements: [AccountMovement] = []
    /// The price of every instrument before a moment.
    var prices: [Timestamp: Price] = [:]
    var recent = RecentMovements(executed: [], through: nil, external: [])
    /// What it was asked for behind which event.
    var places: [Timestamp?] = []
  }

  let state = Lock(State())

  func movements(
    of account: AccountNumber, at moments: [Timestamp], through: Timestamp
  ) throws(StoreError) -> [AccountMovement] { state.withLock { $0.movements } }

  func recentMovements(
    of account: AccountNumber, since moment: Timestamp, behind place: Timestamp?, through: Timestamp
  ) throws(StoreError) -> RecentMovements {
    state.withLock { state in
      state.places.append(place)
      return state.recent
    }
  }

  func prices(_ questions: [PriceQuestion]) throws(StoreError) -> [Price?] {
    state.withLock { state in questions.map { state.prices[$0.before] } }
  }

  func activities(_ query: ActivityQuery) throws(StoreError) -> [AccountActivity]? { [] }
}

@Suite struct PortfolioServiceTests {
  private static let apple = InstrumentID(rawValue: 1)
  private let past = FakePast()
  private let moments = (0..<3).map { Row.start.advanced(byMicroseconds: $0 * 1_000_000) }
  private let friday = Day("2026-01-02")!
  private let monday = Day("2026-01-05")!

  private func snapshot(cash: Int64, shares: Int64, lastPrice: Price? = nil) -> AccountSnapshot {
    let account = AccountRecord(
      number: AccountNumber(rawValue: 1), id: UniqueID(high: 1, low: 1), name: "a", status: .active,
      cash: Money(rawValue: cash), held: .zero, createdAt: Timestamp(rawValue: 0))
    let position = PositionRecord(
      instrument: Self.apple, held: .zero, basis: PositionCost(Quantity(rawValue: shares), for: Money(rawValue: 90)))
    return AccountSnapshot(
      account: account, positions: shares > 0 ? [position] : [], lastPrices: lastPrice.map { [Self.apple: $0] } ?? [:],
      through: Row.start)
  }

  private func move(
    _ span: Int, _ amount: Int64, of instrument: InstrumentID? = nil, isExternal: Bool = false
  ) -> AccountMovement {
    AccountMovement(span: span, instrument: instrument, isExternal: isExternal, amount: amount)
  }

  /// Two shares are bought in the first window, 300 are paid in during the second.
  private func history() async throws -> EquityHistory {
    past.state.withLock { state in
      state.movements = [
        move(0, -200), move(0, 2, of: Self.apple), move(1, 300, isExternal: true),
      ]
      state.prices = [moments[1]: Price(rawValue: 100), moments[2]: Price(rawValue: 150)]
    }
    let history = try await PortfolioService(history: past)
      .history(of: snapshot(cash: 1_000, shares: 2), at: moments) { _ in nil }
    return try #require(history)
  }

  @Test func theHistoryIsWhatIsThereLessWhatHasMovedSince() async throws {
    let history = try await history()
    #expect(history.equity == [900, 900, 1_300])
    #expect(history.inflow == [0, 0, 300])
    #expect(history.cashflows("CSD") == [0, 300] && history.cashflows("CSW") == [0, 0])
  }

  @Test func whatIsPaidInIsNoGain() async throws {
    let history = try await history()
    #expect(history.gains(days: [friday, friday], resetsDaily: true).map(\.amount) == [0, 100])
    #expect(history.gains(days: [friday, monday], resetsDaily: false).map(\.base) == [900, 900])
  }

  @Test func gainsBeginAnewEachDayWhereTheyShall() async throws {
    past.state.withLock { $0.prices = [moments[0]: Price(rawValue: 10), moments[1]: Price(rawValue: 30)] }
    let history = try #require(
      try await PortfolioService(history: past)
        .history(of: snapshot(cash: 0, shares: 10), at: moments) { _ in Price(rawValue: 35) })
    #expect(history.equity == [100, 300, 350])
    let anew = history.gains(days: [friday, monday], resetsDaily: true)
    #expect(anew.map(\.amount) == [200, 50] && anew.map(\.base) == [100, 300])
    #expect(history.gains(days: [friday, monday], resetsDaily: false).map(\.amount) == [200, 250])
  }

  @Test func questionsForPricesAreBounded() {
    let shares = [Self.apple: Int64(1)]
    #expect(EquityHistory.questions(moments: moments, shares: shares, [], limit: 3)?.count == 3)
    #expect(EquityHistory.questions(moments: moments, shares: shares, [], limit: 2) == nil)
  }

  @Test func sharesAreWorthTheLastPriceElseTheReferenceElseTheirCost() {
    let price = Price(rawValue: 50)
    #expect(snapshot(cash: 0, shares: 3, lastPrice: price).marketValue { _ in nil } == Money(rawValue: 150))
    #expect(snapshot(cash: 0, shares: 3).marketValue { _ in Price(rawValue: 40) } == Money(rawValue: 120))
    #expect(snapshot(cash: 0, shares: 3).marketValue { _ in nil } == Money(rawValue: 90))
  }

  /// What was executed up to an event is summed up once.
  @Test func theDayGoesOnFromWhatIsKnown() async throws {
    let service = PortfolioService(history: past)
    let snapshot = snapshot(cash: 1_000, shares: 2, lastPrice: Price(rawValue: 50))
    past.state.withLock { state in
      state.recent = RecentMovements(
        executed: [move(0, -100), move(0, 2, of: Self.apple)], through: Row.start, external: [])
      state.prices = [moments[0]: Price(rawValue: 45)]
    }
    for _ in 0..<2 {
      let start = try await service.dayStart(of: snapshot, close: moments[0], now: moments[2])
      #expect(start.equity(of: snapshot) { _ in nil } == Money(rawValue: 1_100))
      #expect(start.closes == [Self.apple: Price(rawValue: 45)])
      past.state.withLock { $0.recent = RecentMovements(executed: [], through: nil, external: []) }
    }
    #expect(past.state.withLock { $0.places } == [nil, Row.start])
  }
}
