internal import APIKit
internal import ClientKit
internal import HTTP
internal import JSON
internal import Market
internal import Ports
internal import Services

extension GatewayService {
  /// `GET /v2/account/portfolio/history`: each element is the account's worth at the end of its window.
  func showPortfolioHistory(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let now = now()
    let plan = try HistoryPlan(QueryValues(request.query), clock: clock, now: now)
    let snapshot = try await snapshot(of: request.account)
    let table = try await table(knowing: snapshot.positions, now)
    let history = try await reading { () async throws(StoreError) in
      try await portfolios.history(of: snapshot, at: [plan.base] + plan.windows.map(\.end)) {
        table[$0]?.referencePrice
      }
    }
    guard let history else { throw HistoryPlan.tooMuch }
    var writer = JSONWriter(capacity: 256 + 48 * plan.windows.count)
    writer.portfolioHistory(plan, history)
    return .json(200, writer)
  }

  /// How an account stood at the last close.
  func dayStart(in snapshot: AccountSnapshot, now: Timestamp) async throws(APIError) -> DayStart {
    try await reading { () async throws(StoreError) in
      try await portfolios.dayStart(of: snapshot, close: clock.lastClose(before: now), now: now)
    }
  }
}

extension JSONWriter {
  fileprivate mutating func portfolioHistory(_ plan: HistoryPlan, _ history: EquityHistory) {
    let base = history.equity[0]
    let gains = history.gains(days: plan.windows.map(\.day), resetsDaily: plan.resetsDaily)
    beginObject()
    list("timestamp", plan.windows.indices) { $0.integer(plan.windows[$1].start.rawValue / 1_000_000) }
    list("equity", plan.windows.indices) { $0.number(history.equity[$1 + 1], fractionDigits: 4) }
    list("profit_loss", plan.windows.indices) { $0.number(gains[$1].amount, fractionDigits: 4) }
    list("profit_loss_pct", plan.windows.indices) {
      let part = Ratio.quotient(gains[$1].amount, by: gains[$1].base, scale: 1_000_000)
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
        let flows = history.cashflows(name)
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
