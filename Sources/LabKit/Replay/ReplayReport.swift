internal import Lifecycle

/// What a replay tells at its end, as a table and as JSON.
package struct ReplayReport: Sendable {
  /// The file and the symbol it was replayed to.
  package var title: String
  package var result: ReplayRun.Result
  /// What became of the orders; nil when they could not be listed.
  package var fills: FillSummary?
  /// Recorded against seen fills; nil when they are not compared.
  package var comparison: FillComparison?

  /// A report of a run.
  package init(title: String, result: ReplayRun.Result, fills: FillSummary?, comparison: FillComparison?) {
    self.title = title
    self.result = result
    self.fills = fills
    self.comparison = comparison
  }

  /// Nothing was lost, nothing unexpected was answered, and where fills are compared they are as recorded.
  package var isSound: Bool {
    result.tally.isSound && result.failure == nil && fills != nil && fills?.pending == 0 && comparison?.isEqual != false
  }

  private var tally: ReplayTally { result.tally }

  private func perSecond(_ count: Int) -> Int64 {
    result.elapsed > 0 ? Int64(Double(count) * 1e9 / Double(result.elapsed)) : 0
  }
}

// MARK: - Text

extension ReplayReport {
  /// The closing table.
  package var text: String {
    [heading, commands, reasons, repeats, traded, latencies, rate].filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private var heading: String {
    let end = result.wasStopped ? ", stopped early" : ""
    return "\(title): \(tally.rows) rows in \(SpanLabel.text(result.elapsed))\(end)\n"
  }

  private var commands: String {
    var table = TextTable([
      .left("command"), .right("sent"), .right("accepted"), .right("refused"), .right("too late"), .right("lost"),
    ])
    for kind in ReplayTally.Kind.allCases {
      let count = tally[kind]
      table.add([kind.rawValue] + [count.sent, count.accepted, count.refused, count.late, count.lost].map(String.init))
    }
    return table.text
  }

  private var reasons: String {
    var table = TextTable([.left(""), .right(""), .left("")])
    for (reason, count) in tally.refusals.sorted(by: order) { table.add(["refused", "\(count)", reason]) }
    for (reason, count) in tally.skipped.sorted(by: order) { table.add(["not sent", "\(count)", reason]) }
    return table.text
  }

  private func order(_ a: (key: String, value: Int), _ b: (key: String, value: Int)) -> Bool {
    a.value != b.value ? a.value > b.value : a.key < b.key
  }

  private var repeats: String {
    var table = TextTable([.left(""), .right(""), .left("")])
    let rows = [
      (tally.throttled, "answers 429, waited for"), (tally.unavailable, "connections refused, tried again"),
      (tally.uncertain, "answers lost or 5xx, sent again with the same client_order_id"),
      (tally.recovered, "of these had arrived, found by client_order_id"),
      (tally.tooEarly, "replaces sent before the order was new, sent again"),
    ]
    for (count, what) in rows where count > 0 { table.add(["repeats", "\(count)", what]) }
    return table.text
  }

  private var traded: String {
    guard let fills else { return "fills     not known: the orders could not be listed\n" }
    var table = TextTable([.left(""), .left("")])
    table.add(["fills", "\(fills.filled) orders filled, \(fills.partlyFilled) in part"])
    table.add(["shares", "\(fills.sharesBought) bought, \(fills.sharesSold) sold"])
    if fills.rejected > 0 { table.add(["rejected", "\(fills.rejected) orders after acceptance"]) }
    if fills.pending > 0 { table.add(["pending", "\(fills.pending) orders that no worker has taken up"]) }
    if let comparison {
      table.add([
        "check",
        "orders that traded \(comparison.orders) equal \(comparison.equal), "
          + "shares expected \(comparison.sharesExpected) seen \(comparison.sharesSeen)",
      ])
      if let first = comparison.firstDifference {
        table.add(["", "first difference: row \(first.row), expected \(first.expected) seen \(first.seen)"])
      }
    }
    return table.text
  }

  private var latencies: String {
    var rows = ReplayTally.Kind.allCases.map { kind in
      (name: "accept, \(kind.rawValue)", histogram: result.latencies[kind] ?? LatencyHistogram())
    }
    if let fills { rows.append((name: "accept to fill, IOC (server's clock)", histogram: fills.acceptToFill)) }
    if tally.lateness.count > 0 { rows.append((name: "behind the recording", histogram: tally.lateness)) }
    return TextTable.latencies("latency", rows.filter { $0.histogram.count > 0 }).text
  }

  private var rate: String {
    "\(perSecond(tally.acceptedOrders)) orders/s, \(perSecond(tally.acceptedCommands)) commands/s\n"
  }
}

// MARK: - JSON

extension ReplayReport {
  /// The same as one JSON object.
  package var json: JSONText {
    .object([
      ("title", .string(title)), ("rows", .integer(Int64(tally.rows))), ("stopped", .bool(result.wasStopped)),
      ("elapsed_us", .integer(result.elapsed / 1000)), ("sound", .bool(isSound)),
      ("failure", result.failure.map { .string("\($0)") } ?? .null),
      ("requests", .integer(Int64(tally.requests))),
      ("commands", .object(ReplayTally.Kind.allCases.map { ($0.name, json(tally[$0])) })),
      ("refusals", json(tally.refusals)), ("not_sent", json(tally.skipped)),
      ("unexpected", .integer(Int64(tally.unexpected))), ("throttled", .integer(Int64(tally.throttled))),
      ("unavailable", .integer(Int64(tally.unavailable))), ("uncertain", .integer(Int64(tally.uncertain))),
      ("recovered", .integer(Int64(tally.recovered))), ("replaces_too_early", .integer(Int64(tally.tooEarly))),
      ("fills", fills.map(json) ?? .null), ("check", comparison.map(json) ?? .null),
      (
        "accept",
        .object(ReplayTally.Kind.allCases.map { ($0.name, (result.latencies[$0] ?? LatencyHistogram()).json) })
      ),
      ("accept_to_fill_ioc", fills?.acceptToFill.json ?? .null), ("lateness", tally.lateness.json),
      ("orders_per_second", .integer(perSecond(tally.acceptedOrders))),
      ("commands_per_second", .integer(perSecond(tally.acceptedCommands))),
    ])
  }

  private func json(_ count: ReplayTally.Count) -> JSONText {
    .object([
      ("sent", .integer(Int64(count.sent))), ("accepted", .integer(Int64(count.accepted))),
      ("refused", .integer(Int64(count.refused))), ("too_late", .integer(Int64(count.late))),
      ("lost", .integer(Int64(count.lost))),
    ])
  }

  private func json(_ counts: [String: Int]) -> JSONText {
    .object(counts.sorted(by: order).map { ($0.key, .integer(Int64($0.value))) })
  }

  private func json(_ fills: FillSummary) -> JSONText {
    .object([
      ("orders_filled", .integer(Int64(fills.filled))), ("orders_partly_filled", .integer(Int64(fills.partlyFilled))),
      ("orders_listed", .integer(Int64(fills.listed))), ("orders_pending", .integer(Int64(fills.pending))),
      ("orders_rejected", .integer(Int64(fills.rejected))), ("shares_bought", .integer(fills.sharesBought)),
      ("shares_sold", .integer(fills.sharesSold)),
    ])
  }

  private func json(_ comparison: FillComparison) -> JSONText {
    .object([
      ("orders", .integer(Int64(comparison.orders))), ("equal", .integer(Int64(comparison.equal))),
      ("shares_expected", .integer(comparison.sharesExpected)), ("shares_seen", .integer(comparison.sharesSeen)),
    ])
  }
}

extension ReplayTally.Kind {
  fileprivate var name: String {
    switch self {
    case .order: "orders"
    case .take: "aggressors"
    case .replace: "replaces"
    case .cancel: "cancels"
    }
  }
}
