package import JSON
internal import Lifecycle
internal import Market
internal import Ports
package import Services
internal import Sharding

extension JSONWriter {
  /// What is wrong and the whole fleet, as `buttonwood status --json` prints it.
  package mutating func fleet(_ fleet: FleetStatus, findings: [Finding]) {
    beginObject()
    key("findings")
    self.findings(findings)
    key("leader")
    optional(fleet.leader?.worker.rawValue)
    key("workers")
    workers(fleet)
    key("shards")
    shards(fleet)
    key("workers_wanted")
    integer(Int64(fleet.demand.wanted))
    key("workers_wanted_reason")
    string(fleet.demand.reason)
    key("redis_fault")
    optional(fleet.redisFault)
    endObject()
  }

  mutating func workers(_ fleet: FleetStatus) {
    beginArray()
    for worker in fleet.workers { self.worker(worker) }
    endArray()
  }

  mutating func shards(_ fleet: FleetStatus) {
    beginArray()
    for shard in fleet.shards { self.shard(shard) }
    endArray()
  }

  mutating func worker(_ worker: Heartbeat) {
    beginObject()
    key("id")
    string(worker.worker.rawValue)
    key("state")
    string(worker.state.rawValue)
    key("host")
    string(worker.host)
    key("pid")
    integer(Int64(worker.pid))
    key("version")
    string(worker.version)
    key("started_at")
    string(worker.startedAt.description)
    key("orders_per_second")
    integer(Int64(worker.commandsPerSecond))
    key("busy_percent")
    integer(Int64(worker.busyPermille / 10))
    key("open_orders")
    integer(worker.loads.values.reduce(0) { $0 + Int64($1.openOrders) })
    key("redis_us")
    integer(worker.redisLatency.wholeMicroseconds)
    key("commit_us")
    integer(worker.commitLatency.wholeMicroseconds)
    key("admin")
    string(worker.admin)
    key("shards")
    beginArray()
    for shard in worker.shards { integer(Int64(shard.rawValue)) }
    endArray()
    endObject()
  }

  /// Who leads.
  mutating func leader(_ fleet: FleetStatus) {
    beginObject()
    key("leader")
    optional(fleet.leader?.worker.rawValue)
    key("term")
    optional(fleet.leader?.term.rawValue)
    key("lease_remaining_ms")
    optional(fleet.leader?.remaining.wholeMilliseconds)
    key("redis_fault")
    optional(fleet.redisFault)
    endObject()
  }

  /// How many workers there should be, and why.
  mutating func scaling(_ fleet: FleetStatus) {
    let demand = fleet.demand
    beginObject()
    key("workers")
    optional(demand.active.map { Int64($0) })
    key("workers_wanted")
    integer(Int64(demand.wanted))
    key("reason")
    string(demand.reason)
    key("commands_per_second")
    integer(demand.arrivals)
    key("backlog")
    integer(demand.backlog)
    key("capacity_per_worker")
    integer(demand.capacity)
    key("capacity_is_measured")
    bool(demand.isCapacityMeasured)
    key("hot_shards")
    beginArray()
    for shard in demand.hotShards {
      beginObject()
      key("shard")
      integer(Int64(shard.shard.rawValue))
      key("commands_per_second")
      integer(shard.arrivals)
      key("backlog")
      integer(shard.backlog)
      endObject()
    }
    endArray()
    endObject()
  }

  mutating func shard(_ shard: FleetStatus.ShardStatus) {
    let record = shard.record
    beginObject()
    key("shard")
    integer(Int64(record.shard.rawValue))
    key("symbols")
    beginArray()
    for symbol in record.symbols { string(symbol) }
    endArray()
    key("owner")
    optional(shard.owner?.rawValue)
    key("state")
    string(shard.state.rawValue)
    key("epoch")
    integer(record.epoch.rawValue)
    key("last_sequence")
    integer(record.lag.last.rawValue)
    key("processed_sequence")
    integer(record.lag.processed.rawValue)
    key("lag")
    integer(record.lag.commands)
    key("quarantined")
    integer(record.quarantined)
    key("orders_per_second")
    optional(shard.ordersPerSecond)
    key("lease_remaining_ms")
    optional(shard.leaseRemaining?.wholeMilliseconds)
    endObject()
  }

  private mutating func optional(_ text: String?) {
    if let text { string(text) } else { null() }
  }

  private mutating func optional(_ value: Int64?) {
    if let value { integer(value) } else { null() }
  }
}
