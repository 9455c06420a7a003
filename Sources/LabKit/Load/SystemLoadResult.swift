internal import Lifecycle

/// What a load measured.
package struct SystemLoadResult: Sendable, Equatable {
  /// Requests sent.
  package var sent = 0
  /// Orders acknowledged.
  package var orders = 0
  /// Cancels accepted.
  package var cancels = 0
  /// Questions answered.
  package var reads = 0
  /// Cancels of orders that had traded or gone before.
  package var late = 0
  /// Requests refused, by reason.
  package var refusals: [String: Int] = [:]
  /// Answers 429.
  package var throttled = 0
  /// Requests that were lost or answered 5xx: done or not, that is not known.
  package var errors = 0
  /// Requests without an answer when the load gave up waiting.
  package var unanswered = 0
  /// Nanoseconds in which requests were sent.
  package var sendingTime: Int64 = 0
  /// Nanoseconds from the first request to the last answer.
  package var elapsed: Int64 = 0
  /// New orders, to their acknowledgement.
  package var acceptLatency = LatencyHistogram()
  /// Cancels, to their acceptance.
  package var cancelLatency = LatencyHistogram()
  /// Questions, to their answer.
  package var readLatency = LatencyHistogram()

  /// An empty result.
  package init() {}

  /// All refusals.
  package var refused: Int { refusals.values.reduce(0, +) }
  /// Orders and cancels accepted a second, until the last answer.
  package var acceptedPerSecond: Int { perSecond(orders + cancels, in: elapsed) }
  /// Orders accepted a second, until the last answer.
  package var ordersPerSecond: Int { perSecond(orders, in: elapsed) }
  /// Questions answered a second, until the last answer.
  package var readsPerSecond: Int { perSecond(reads, in: elapsed) }
  /// Requests that were answered with what they asked for.
  package var served: Int { orders + cancels + reads }
  /// Requests a second that were really sent.
  package var sentPerSecond: Int { perSecond(sent, in: sendingTime) }

  private func perSecond(_ count: Int, in span: Int64) -> Int {
    span > 0 ? Int(Double(count) * 1e9 / Double(span)) : 0
  }

  mutating func take(_ answer: TradingAnswer, latency: Int64) {
    switch answer {
    case .order:
      orders += 1
      acceptLatency.record(latency)
    case .accepted:
      cancels += 1
      cancelLatency.record(latency)
    case .shown:
      reads += 1
      readLatency.record(latency)
    case .tooLate: late += 1
    case .throttled: throttled += 1
    case .unavailable, .unknown: errors += 1
    case .refused(let reason): refuse(reason)
    case .duplicate: refuse("422 client_order_id must be unique")
    case .tooEarly(let state): refuse("422 order is \(state)")
    case .notFound: refuse("404 order not found")
    }
  }

  private mutating func refuse(_ reason: String) {
    let isKnown = refusals[reason] != nil || refusals.count < ReplayTally.reasonLimit
    refusals[isKnown ? reason : "other reasons", default: 0] += 1
  }
}

extension SystemLoadResult {
  /// The result as two tables.
  package var text: String {
    var table = TextTable([.left(""), .right("")])
    table.add(["requests sent", "\(sent)"])
    table.add(["requests sent/s", "\(sentPerSecond)"])
    table.add(["orders accepted", "\(orders)"])
    table.add(["orders accepted/s", "\(ordersPerSecond)"])
    table.add(["cancels accepted", "\(cancels)"])
    table.add(["commands accepted/s", "\(acceptedPerSecond)"])
    table.add(["cancels too late", "\(late)"])
    table.add(["questions answered", "\(reads)"])
    table.add(["questions answered/s", "\(readsPerSecond)"])
    for (reason, count) in refusals.sorted(by: { $0.key < $1.key }) { table.add(["refused: \(reason)", "\(count)"]) }
    table.add(["answers 429", "\(throttled)"])
    table.add(["errors", "\(errors + unanswered)"])
    let latencies = TextTable.latencies(
      "latency", [("accept", acceptLatency), ("cancel", cancelLatency), ("read", readLatency)])
    return table.text + "\n" + latencies.text
  }

  /// The result as a JSON object.
  package var json: JSONText {
    .object([
      ("sent", .integer(Int64(sent))), ("sent_per_second", .integer(Int64(sentPerSecond))),
      ("orders", .integer(Int64(orders))), ("orders_per_second", .integer(Int64(ordersPerSecond))),
      ("cancels", .integer(Int64(cancels))), ("commands_per_second", .integer(Int64(acceptedPerSecond))),
      ("reads", .integer(Int64(reads))), ("reads_per_second", .integer(Int64(readsPerSecond))),
      ("too_late", .integer(Int64(late))), ("refused", .integer(Int64(refused))),
      ("refusals", .object(refusals.sorted { $0.key < $1.key }.map { ($0.key, .integer(Int64($0.value))) })),
      ("throttled", .integer(Int64(throttled))), ("errors", .integer(Int64(errors))),
      ("unanswered", .integer(Int64(unanswered))), ("elapsed_us", .integer(elapsed / 1000)),
      ("accept", acceptLatency.json), ("cancel", cancelLatency.json),
      ("read", readLatency.json),
    ])
  }
}
