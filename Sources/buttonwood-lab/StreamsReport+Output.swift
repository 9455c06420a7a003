internal import LabKit
internal import Lifecycle

extension StreamsReport {
  /// The report as tables.
  var text: String {
    var streams = TextTable([.left("streams"), .right("")])
    streams.add(["open to the end", "\(isOpen)"])
    streams.add(["refused", "\(tally.refused)"])
    streams.add(["dropped", "\(tally.dropped)"])
    for (reason, count) in tally.reasons.sorted(by: { $0.key < $1.key }) { streams.add(["  \(reason)", "\(count)"]) }
    streams.add(["time to open all", SpanLabel.text(openingTime)])
    streams.add(["events in the ledger", "\(events)"])
    streams.add(["events received", "\(tally.events)"])
    streams.add(["events received/s", "\(eventsPerSecond)"])
    streams.add(["events missing", "\(verdict.missing)"])
    streams.add(["events doubled", "\(verdict.doubled)"])
    streams.add(["events out of order", "\(verdict.outOfOrder)"])
    streams.add(["events unknown to the ledger", "\(verdict.unknown)"])
    let name = hasCommitTimes ? "commit to client" : "decision to client"
    let delays = TextTable.latencies("delay", [(name, delay)])
    return [streams.text, delays.text, costs.text, memory.text].joined(separator: "\n")
  }

  private var costs: TextTable {
    var table = TextTable([
      .left("the same load"), .right("no streams"), .right("with streams"), .right("ratio"),
    ])
    func row(_ name: String, _ value: (Phase) -> Int64?) {
      let cells = [baseline.flatMap(value), loaded.flatMap(value)].map { $0.map { "\($0)" } ?? "-" }
      table.add([name] + cells + [ratio(value).map(Self.hundredths) ?? "-"])
    }
    row("commands settled/s") { $0.settledPerSecond }
    row("accepted to settled, median µs") { $0.medianToSettled }
    row("workers' CPU µs/command") { phase in phase.workerTime.map { phase.perCommand($0) } }
    row("gateways' CPU µs/command") { phase in phase.gatewayTime.map { phase.perCommand($0) } }
    row("PostgreSQL's CPU µs/command") { $0.perCommand($0.serverTime) }
    row("errors") { Int64($0.load.errors + $0.load.unanswered) }
    return table
  }

  private var memory: TextTable {
    var table = TextTable([
      .left("gateways' memory"), .right("RSS MiB"), .right("PSS MiB"), .right("KiB a stream"),
    ])
    let rows = [
      ("before", memoryBefore), ("with idle streams", memoryIdle), ("most under load", loaded?.memory),
    ]
    for (index, (name, memory)) in rows.enumerated() {
      guard let memory else { continue }
      let share = index == 0 ? nil : tenthsOfKiBPerStream(memory)
      table.add([
        name, "\(memory.resident / 1024)", "\(memory.proportional / 1024)",
        share.map { LedgerBench.tenths(Double($0) / 10) } ?? "",
      ])
    }
    if let idle { table.add(["CPU µs/s with idle streams", "\(idle)", "", ""]) }
    return table
  }

  /// The report as a JSON object.
  var json: JSONText {
    func number(_ value: Int64?) -> JSONText { value.map { .integer($0) } ?? .null }
    return .object([
      ("bench", .string("streams")), ("sound", .bool(isSound)), ("streams", .integer(Int64(streams))),
      ("open", .integer(Int64(isOpen))), ("refused", .integer(Int64(tally.refused))),
      ("dropped", .integer(Int64(tally.dropped))),
      ("reasons", .object(tally.reasons.sorted { $0.key < $1.key }.map { ($0.key, .integer(Int64($0.value))) })),
      ("opening_us", .integer(openingTime / 1000)), ("ledger_events", .integer(Int64(events))),
      ("events", .integer(Int64(tally.events))), ("events_per_second", .integer(eventsPerSecond)),
      ("missing", .integer(Int64(verdict.missing))), ("doubled", .integer(Int64(verdict.doubled))),
      ("out_of_order", .integer(Int64(verdict.outOfOrder))), ("unknown", .integer(Int64(verdict.unknown))),
      ("wrong_streams", .integer(Int64(wrongStreams))), ("delay", delay.json),
      ("delay_from_commit", .bool(hasCommitTimes)), ("gateway_memory_before", memoryBefore?.json ?? .null),
      ("gateway_memory_idle", memoryIdle?.json ?? .null), ("gateway_memory_load", loaded?.memory?.json ?? .null),
      ("kib_per_stream_idle_x10", number(tenthsOfKiBPerStream(memoryIdle))),
      ("kib_per_stream_load_x10", number(tenthsOfKiBPerStream(loaded?.memory))),
      ("gateway_idle_cpu_us_per_second", number(idle)), ("without_streams", baseline?.json ?? .null),
      ("with_streams", loaded?.json ?? .null),
      ("settled_per_second_ratio_x100", number(ratio { $0.settledPerSecond })),
      ("worker_cpu_ratio_x100", number(ratio { phase in phase.workerTime.map { phase.perCommand($0) } })),
    ])
  }

  private static func hundredths(_ value: Int64) -> String {
    "\(value / 100).\(value % 100 < 10 ? "0" : "")\(value % 100)"
  }
}

extension StreamsReport.Phase {
  /// The phase as a JSON object.
  fileprivate var json: JSONText {
    .object([
      ("load", load.json), ("settled_commands", .integer(settled.commands)),
      ("settled_per_second", .integer(settledPerSecond)), ("accept_to_settled_p50_us", .integer(medianToSettled)),
      ("drained", .bool(isDrained)), ("gateway_cpu_us", gatewayTime.map { .integer($0) } ?? .null),
      ("worker_cpu_us", workerTime.map { .integer($0) } ?? .null), ("server_cpu_us", .integer(serverTime)),
    ])
  }
}
