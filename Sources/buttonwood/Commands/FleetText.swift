internal import Lifecycle
internal import Market
internal import Ports
internal import Services
internal import Sharding

/// The fleet as people read it.
enum FleetText {
  /// What is wrong, a line each, the worst first.
  static func findings(_ findings: [Finding]) -> String {
    guard !findings.isEmpty else { return "nothing is wrong\n" }
    return findings.map { finding in
      let severity = finding.severity.rawValue.uppercased()
      let since = finding.since.map { ", since \($0.description.prefix(19))Z" } ?? ""
      return "\(severity)  \(finding.message)  (\(finding.code.rawValue)\(since))\n"
    }.joined()
  }

  static func text(_ fleet: FleetStatus) -> String {
    var text = ""
    let leader = fleet.leader.map { "\($0.worker), term \($0.term)" } ?? "none"
    let active = fleet.demand.active.map { "\($0)" } ?? "?"
    text += "leader   \(leader)\n"
    text += "workers  \(active) active, \(fleet.demand.wanted) wanted: \(fleet.demand.reason)\n"
    text +=
      "shards   \(fleet.shards.count), fixed since the database was made: the most workers that can share the load\n\n"
    return text + workers(fleet) + "\n" + shards(fleet) + quarantine(fleet)
  }

  private static func workers(_ fleet: FleetStatus) -> String {
    guard !fleet.workers.isEmpty else { return "no worker is running\n" }
    var table = TextTable([
      .left("worker"), .left("state"), .left("host"), .right("pid"), .right("orders/s"), .right("busy"),
      .right("commit"), .right("redis"), .right("open orders"), .left("shards"),
    ])
    for worker in fleet.workers {
      let openOrders = worker.loads.values.reduce(0) { $0 + $1.openOrders }
      table.add([
        worker.worker.rawValue, worker.state.rawValue, worker.host, "\(worker.pid)", "\(worker.commandsPerSecond)",
        "\(worker.busyPermille / 10) %", milliseconds(worker.commitLatency),
        milliseconds(worker.redisLatency), "\(openOrders)", worker.shards.ranges,
      ])
    }
    return table.text
  }

  private static func milliseconds(_ span: Duration) -> String {
    let microseconds = span.wholeMicroseconds
    return "\(microseconds / 1_000).\(microseconds / 100 % 10) ms"
  }

  /// What waits for an operator; nothing as a rule.
  private static func quarantine(_ fleet: FleetStatus) -> String {
    let waiting = fleet.shards.filter { $0.record.quarantined > 0 }
    guard !waiting.isEmpty else { return "" }
    let counts = waiting.map { "\($0.record.quarantined) of shard \($0.record.shard)" }.joined(separator: ", ")
    return "\ncommands in quarantine: \(counts); see \"buttonwood quarantine list\"\n"
  }

  private static func shards(_ fleet: FleetStatus) -> String {
    var table = TextTable([
      .right("shard"), .left("state"), .left("owner"), .right("epoch"), .right("last"), .right("processed"),
      .right("lag"), .right("orders/s"), .right("lease ms"), .right("symbols"),
    ])
    for shard in fleet.shards {
      let record = shard.record
      table.add([
        record.shard.description, shard.state.rawValue, shard.owner?.rawValue ?? "-", record.epoch.description,
        record.lag.last.description, record.lag.processed.description, "\(record.lag.commands)",
        shard.ordersPerSecond.map { "\($0)" } ?? "-", shard.leaseRemaining.map { "\($0.wholeMilliseconds)" } ?? "-",
        "\(record.symbols.count)",
      ])
    }
    return table.text
  }
}
