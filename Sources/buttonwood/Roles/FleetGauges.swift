internal import Market
internal import Ports
internal import Services
internal import Telemetry

/// The whole fleet's figures, shown by the worker that leads: the others show zero, so that a sum or a maximum over all
/// workers is the leader's.
struct FleetGauges: Sendable {
  /// How often the fleet is looked at.
  private static let interval = Duration.seconds(2)

  private let wanted: Gauge
  private let active: Gauge
  private let arrivals: Gauge
  private let capacity: Gauge
  private let unowned: Gauge
  private let lags: [Shard: Gauge]

  init(_ metrics: Metrics, _ shards: [Shard]) {
    wanted = metrics.gauge("buttonwood_workers_wanted", help: "How many workers there should be (leader only).")
    active = metrics.gauge("buttonwood_workers_active", help: "How many workers take shards (leader only).")
    arrivals = metrics.gauge(
      "buttonwood_commands_arriving_per_second", help: "Commands accepted a second, all shards (leader only).")
    capacity = metrics.gauge(
      "buttonwood_worker_capacity_per_second",
      help: "Commands a second that one worker is taken to settle (leader only).")
    unowned = metrics.gauge("buttonwood_shards_unowned", help: "Shards that nobody works on (leader only).")
    lags = Dictionary(
      uniqueKeysWithValues: shards.map {
        (
          $0,
          metrics.gauge(
            "buttonwood_shard_lag_commands", help: "Commands accepted and not settled yet (leader only).",
            labels: ["shard": $0.description])
        )
      })
  }

  /// Follows the fleet until the task is cancelled.
  func run(_ fleet: some FleetReader, isLeading: () async -> Bool) async {
    while !Task.isCancelled {
      if await isLeading() {
        if let status = try? await fleet.fleet() { show(status) }
      } else {
        clear()
      }
      try? await Task.sleep(for: Self.interval)
    }
  }

  private func show(_ status: FleetStatus) {
    wanted.set(Int64(status.demand.wanted))
    active.set(Int64(status.demand.active ?? 0))
    arrivals.set(status.demand.arrivals)
    capacity.set(status.demand.capacity)
    unowned.set(Int64(status.shards.count { $0.owner == nil }))
    for shard in status.shards { lags[shard.record.shard]?.set(shard.record.lag.commands) }
  }

  private func clear() {
    for gauge in [wanted, active, arrivals, capacity, unowned] + lags.values { gauge.set(0) }
  }
}
