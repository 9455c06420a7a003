public import Market
public import Ports
public import Sharding

/// How the whole fleet stands at a moment: workers, shards and how many workers there should be.
public struct FleetStatus: Hashable, Sendable {
  /// Who works on a shard.
  public enum ShardState: String, Hashable, Sendable {
    /// The holder of its lease is who claimed it last.
    case owned
    /// Someone holds the lease and has not claimed the shard yet.
    case claiming
    /// Nobody holds the lease.
    case free
    /// Redis cannot tell; the owner shown is who claimed it last.
    case unknown
  }

  /// One shard.
  public struct ShardStatus: Hashable, Sendable {
    /// What the ledger says.
    public var record: ShardRecord
    /// Who works on it; nil when nobody does.
    public var owner: WorkerID?
    /// How sure that is.
    public var state: ShardState
    /// How long until its lease expires; nil without one.
    public var leaseRemaining: Duration?
    /// Commands settled a second since the last look; nil at the first.
    public var ordersPerSecond: Int64?
  }

  /// The elected leader's lease; nil when there is none.
  public var leader: LeaderElection.Seat?
  /// The workers that are alive, by name.
  public var workers: [Heartbeat]
  /// All shards, ascending.
  public var shards: [ShardStatus]
  /// How many workers there should be, and why.
  public var demand: WorkerDemand
  /// Why workers and leases are not known; nil when they are.
  public var redisFault: String?

  /// Puts together what was read.
  /// - Parameters:
  ///   - leases: Leases and workers, or why they could not be read.
  ///   - rates: Commands settled a second, where they are known.
  ///   - arrivals: Commands accepted a second, where they are known.
  public init(
    records: [ShardRecord], leases: Result<FleetLeases, StreamError>, rates: [Shard: Int64] = [:],
    arrivals: [Shard: Int64] = [:]
  ) {
    let known = try? leases.get()
    leader = known?.seat
    workers = (known?.workers ?? []).sorted { $0.worker < $1.worker }
    if case .failure(let error) = leases { redisFault = error.reason }
    shards = records.map { record in
      let lease = known?.leases[record.shard]
      return ShardStatus(
        record: record, owner: known == nil ? record.claimedBy : lease?.owner,
        state: Self.state(record, lease, isKnown: known != nil),
        leaseRemaining: lease?.remaining, ordersPerSecond: rates[record.shard])
    }
    demand = WorkerDemand(
      workers: known.map(\.workers),
      shards: records.map { record in
        // Without an earlier look, what its owner says it settles.
        let reported = known?.workers.lazy.compactMap { $0.loads[record.shard]?.commandsPerSecond }.first
        return .init(
          shard: record.shard, arrivals: arrivals[record.shard] ?? Int64(reported ?? 0), backlog: record.lag.commands)
      })
  }

  private static func state(_ record: ShardRecord, _ lease: Lease?, isKnown: Bool) -> ShardState {
    guard isKnown else { return .unknown }
    guard let lease else { return .free }
    return lease.owner == record.claimedBy ? .owned : .claiming
  }
}

/// What Redis knows of a fleet.
public struct FleetLeases: Hashable, Sendable {
  /// The leases that are held.
  public var leases: [Shard: Lease]
  /// The workers that are alive.
  public var workers: [Heartbeat]

  /// The leader's lease.
  public var seat: LeaderElection.Seat?

  /// Makes a value.
  public init(leases: [Shard: Lease], workers: [Heartbeat], seat: LeaderElection.Seat? = nil) {
    self.leases = leases
    self.workers = workers
    self.seat = seat
  }
}
