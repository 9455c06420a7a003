internal import Accounting
package import Market
package import Ports

/// What accounts are and were worth: cash as postings tell it, shares at the last prices before a moment.
package struct PortfolioService: Sendable {
  /// Most prices of the past that one history looks up.
  private static let maximumPriceQuestions = 100_000

  private let history: any AccountActivityReader
  private let closingPrices: ClosingPrices
  private let dayMovements: DayMovements

  /// Reads the past here.
  package init(history: any AccountActivityReader) {
    self.history = history
    closingPrices = ClosingPrices(history: history)
    dayMovements = DayMovements(history: history)
  }

  /// How an account stood at the last close.
  package func dayStart(
    of snapshot: AccountSnapshot, close: Timestamp, now: Timestamp
  ) async throws(StoreError) -> DayStart {
    let movements = try await dayMovements.movements(
      of: snapshot.account.number, since: close, through: snapshot.through)
    let named = Set(snapshot.positions.map(\.instrument)).union(movements.compactMap(\.instrument))
    let closes = try await closingPrices.prices(of: named, at: close, now: now)
    return DayStart(moment: close, movements: movements, closes: closes)
  }

  /// What an account was worth at some moments. Profit leaves out what came from outside: deposits and withdrawals, and
  /// shares at the price of their window's end.
  /// - Parameters:
  ///   - moments: Ascending.
  ///   - referencePrice: The price of an instrument before its first trade; nil when it has none.
  /// - Returns: Nil when more prices would have to be looked up than one answer may.
  package func history(
    of snapshot: AccountSnapshot, at moments: [Timestamp], referencePrice: (InstrumentID) -> Price?
  ) async throws(StoreError) -> EquityHistory? {
    let movements = try await history.movements(
      of: snapshot.account.number, at: moments, through: snapshot.through)
    let shares = Dictionary(
      snapshot.positions.map { ($0.instrument, $0.quantity.rawValue) }, uniquingKeysWith: { first, _ in first })
    guard
      let questions = EquityHistory.questions(
        moments: moments, shares: shares, movements, limit: Self.maximumPriceQuestions)
    else { return nil }
    let prices = Dictionary(
      zip(questions, try await history.prices(questions)), uniquingKeysWith: { first, _ in first })
    return EquityHistory(
      moments: moments, cash: snapshot.account.cash.rawValue, shares: shares, movements: movements
    ) { question in
      (prices[question] ?? nil) ?? referencePrice(question.instrument)
    }
  }
}

extension AccountSnapshot {
  /// What its shares are worth at the last prices; at cost where there is no price.
  /// - Parameter referencePrice: The price of an instrument that has never traded; nil when it has none.
  package func marketValue(referencePrice: (InstrumentID) -> Price?) -> Money {
    Money(
      rawValue: positions.reduce(0) { value, position in
        let price = lastPrices[position.instrument] ?? referencePrice(position.instrument)
        return value.saturatingSum(position.marketValue(at: price).rawValue)
      })
  }
}

extension PositionRecord {
  /// What the shares are worth at a price; at cost while there is none.
  package func marketValue(at price: Price?) -> Money {
    price.map { Money(rawValue: $0.rawValue.saturatingProduct(quantity.rawValue)) } ?? cost
  }
}
