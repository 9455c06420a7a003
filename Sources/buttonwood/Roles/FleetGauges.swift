internal import Lifecycle
internal import Market
internal import Ports
internal import Services
internal import Telemetry

/// The whole fleet's figures, shown by the worker that leads and by no other: what a worker does not know it does not show,
/// least of all as zero. Without a leader there are none, which a rule for their absence sees.
struct FleetGauges: Sendable {
  /// How often the fleet is looked at.
  private static let interval = Duration.seconds(2)

  private let latest = Known()

  /// What was seen last; nil while this worker does not lead or cannot look.
  private final class Known: Sendable {
    let status = Lock<FleetStatus?>(nil)
  }

  init(_ metrics: Metrics, _ shards: [Shard]) {
    let latest = latest
    func gauge(_ name: String, _ help: String, _ read: @escaping @Sendable (FleetStatus) -> Int64?) {
      metrics.gauge(name, help: "\(help) (leader only).") { latest.status.withLock { $0 }.flatMap(read) }
    }
    gauge("buttonwood_workers_wanted", "How many workers there should be") { Int64($0.demand.wanted) }
    gauge("buttonwood_workers_active", "How many workers take shards") { $0.demand.active.map { Int64($0) } }
    gauge("buttonwood_commands_arriving_per_second", "Commands accepted a second, all shards") { $0.demand.arrivals }
    gauge("buttonwood_worker_capacity_per_second", "Commands a second that one worker is taken to settle") {
      $0.demand.capacity
    }
    gauge("buttonwood_shards_unowned", "Shards that nobody works on") { status in
      status.redisFault == nil ? Int64(status.shards.count { $0.owner == nil }) : nil
    }
    for shard in shards {
      metrics.gauge(
        "buttonwood_shard_lag_commands", help: "Commands accepted and not settled yet (leader only).",
        labels: ["shard": shard.description]
      ) {
        latest.status.withLock { $0 }?.shards.first { $0.record.shard == shard }?.record.lag.commands
      }
    }
  }

  /// Follows the fleet until the task is canceled.
  /// - Parameter troubles: Hears what cannot be read; the figures vanish meanwhile.
  func run(_ fleet: some FleetReader, _ troubles: PortTroubles, isLeading: () async -> Bool) async {
    while !Task.isCancelled {
      var seen: FleetStatus?
      if await isLeading() {
        seen = await troubles.attempt(.fleet) { () async throws(StoreError) in try await fleet.fleet() }
      }
      latest.status.withLock { $0 = seen }
      try? await Task.sleep(for: Self.interval)
    }
  }
}
