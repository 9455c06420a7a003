internal import APIKit
internal import ClientKit
internal import HTTP
internal import JSON
internal import Market
internal import Ports

extension GatewayService {
  /// Most prices of the past that one answer looks up.
  private static let maximumPriceQuestions = 100_000

  /// `GET /v2/account/portfolio/history`
  ///
  /// Each element is the account's worth at the end of its window: cash and shares as postings tell them, the shares at the
  /// price of the last trade before that moment (before the first trade, the reference price). Profit leaves out what came
  /// from outside: deposits and withdrawals, and shares at the price of their window's end.
  func showPortfolioHistory(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let number = request.account
    let now = now()
    let plan = try HistoryPlan(QueryValues(request.query), clock: clock, now: now)
    let moments = [plan.base] + plan.windows.map(\.end)
    let snapshot = try await snapshot(of: number)
    let positions = snapshot.positions
    let movements = try await reading { () async throws(LedgerError) in
      try await keeper.movements(of: number, at: moments, through: snapshot.through)
    }
    let table = try await table(knowing: positions, now)
    let shares = Dictionary(
      positions.map { ($0.instrument, $0.quantity.rawValue) }, uniquingKeysWith: { first, _ in first })
    guard
      let questions = EquityHistory.questions(
        moments: moments, shares: shares, movements, limit: Self.maximumPriceQuestions)
    else { throw HistoryPlan.tooMuch }
    let answers = try await reading { () async throws(LedgerError) in try await keeper.prices(questions) }
    let prices = Dictionary(zip(questions, answers), uniquingKeysWith: { first, _ in first })
    let history = EquityHistory(
      moments: moments, cash: snapshot.account.cash.rawValue, shares: shares, movements: movements
    ) { question in
      (prices[question] ?? nil) ?? table[question.instrument]?.referencePrice
    }
    var writer = JSONWriter(capacity: 256 + 48 * plan.windows.count)
    writer.portfolioHistory(plan, history, movements)
    return .json(200, writer)
  }

  /// How an account stood at the last close.
  func dayStart(
    in snapshot: AccountSnapshot, now: Timestamp
  ) async throws(APIError) -> DayStart {
    let moment = clock.lastClose(before: now)
    return try await reading { () async throws(LedgerError) in
      let movements = try await dayMovements.movements(
        of: snapshot.account.number, since: moment, through: snapshot.through)
      let named = Set(snapshot.positions.map(\.instrument)).union(movements.compactMap(\.instrument))
      let closes = try await closingPrices.prices(of: named, at: moment, now: now)
      return DayStart(moment: moment, movements: movements, closes: closes)
    }
  }
}

extension JSONWriter {
  fileprivate mutating func portfolioHistory(
    _ plan: HistoryPlan, _ history: EquityHistory, _ movements: [AccountMovement]
  ) {
    let base = history.equity[0]
    var (reference, flows) = (base, Int64(0))
    var gains: [(gain: Int64, reference: Int64)] = []
    for (index, window) in plan.windows.enumerated() {
      if plan.resetsDaily, index > 0, window.day != plan.windows[index - 1].day {
        (reference, flows) = (history.equity[index], 0)
      }
      flows = flows.saturatingSum(history.inflow[index + 1])
      gains.append((history.equity[index + 1].saturatingSum(-reference).saturatingSum(-flows), reference))
    }
    beginObject()
    list("timestamp", plan.windows.indices) { $0.integer(plan.windows[$1].start.rawValue / 1_000_000) }
    list("equity", plan.windows.indices) { $0.number(history.equity[$1 + 1], fractionDigits: 4) }
    list("profit_loss", plan.windows.indices) { $0.number(gains[$1].gain, fractionDigits: 4) }
    list("profit_loss_pct", plan.windows.indices) {
      let part = Ratio.quotient(gains[$1].gain, by: gains[$1].reference, scale: 1_000_000)
      $0.number(part ?? 0, fractionDigits: Ratio.fractionDigits)
    }
    key("base_value")
    number(base, fractionDigits: 4)
    key("base_value_asof")
    string(NewYorkTime.day(at: plan.base).description)
    key("timeframe")
    string(plan.timeframe.rawValue)
    if let names = plan.cashflows {
      key("cashflow")
      beginObject()
      for name in names {
        let flows = EquityHistory.cashflows(movements, name, windows: plan.windows.count)
        key(dynamic: name)
        beginArray()
        for flow in flows { number(flow, fractionDigits: 4) }
        endArray()
      }
      endObject()
    }
    endObject()
  }

  private mutating func list(
    _ name: StaticString, _ indices: Range<Int>, _ element: (inout JSONWriter, Int) -> Void
  ) {
    key(name)
    beginArray()
    for index in indices { element(&self, index) }
    endArray()
  }
}
