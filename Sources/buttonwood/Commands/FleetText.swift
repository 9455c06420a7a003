internal import Lifecycle
internal import Market
internal import Ports
internal import Services
internal import Sharding

/// The fleet as people read it.
enum FleetText {
  static func text(_ fleet: FleetStatus) -> String {
    var text = ""
    if let fault = fleet.redisFault { text += "Redis cannot be read: \(fault)\n" }
    text +=
      "leader \(fleet.leader?.worker.rawValue ?? "-"), workers wanted \(fleet.demand.wanted): \(fleet.demand.reason)\n\n"
    return text + workers(fleet) + "\n" + shards(fleet)
  }

  private static func workers(_ fleet: FleetStatus) -> String {
    var table = TextTable([
      .left("worker"), .left("state"), .left("host"), .right("pid"), .right("orders/s"), .left("shards"),
    ])
    for worker in fleet.workers {
      table.add([
        worker.worker.rawValue, worker.state.rawValue, worker.host, "\(worker.pid)", "\(worker.commandsPerSecond)",
        worker.shards.map(\.description).joined(separator: " "),
      ])
    }
    return table.text
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
        shard.ordersPerSecond.map { "\($0)" } ?? "-", shard.leaseRemainingMilliseconds.map { "\($0)" } ?? "-",
        "\(record.symbols.count)",
      ])
    }
    return table.text
  }
}
