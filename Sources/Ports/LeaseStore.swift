public import Market
public import Sharding

/// Who should work on what: leases that expire, and heartbeats. It gives liveness; safety is the ledger's.
public protocol LeaseStore: Sendable {
  /// The leases of all shards that are held now.
  func leases(of shards: [Shard]) async throws(StreamError) -> [Shard: Lease]

  /// Takes a free lease.
  /// - Returns: Whether the lease is the caller's now; a repeated call with the same nonce says yes again.
  func acquire(_ shard: Shard, owner: WorkerID, nonce: UInt64, lifetime: Duration) async throws(StreamError) -> Bool

  /// Extends held leases, and takes back those that a wipe lost; nobody else's are touched.
  /// - Returns: The shards whose lease someone else holds.
  func renew(_ leases: [LeaseRenewal], owner: WorkerID, lifetime: Duration) async throws(StreamError) -> [Shard]

  /// Gives a lease up, if it is the caller's.
  func release(_ shard: Shard, nonce: UInt64) async throws(StreamError)

  /// Says that a worker is alive, for `lifetime`.
  func beat(_ heartbeat: Heartbeat, lifetime: Duration) async throws(StreamError)

  /// Takes a worker's heartbeat away, at its orderly end.
  func leave(_ worker: WorkerID) async throws(StreamError)

  /// The workers that are alive.
  func workers() async throws(StreamError) -> [Heartbeat]
}

/// A lease as it stands.
public struct Lease: Hashable, Sendable {
  /// Who holds it.
  public var owner: WorkerID
  /// The claim it belongs to.
  public var nonce: UInt64
  /// How often it has been renewed.
  public var counter: UInt64
  /// The epoch its owner works under; 0 before PostgreSQL has handed one out.
  public var epoch: Epoch
  /// Milliseconds until it expires.
  public var remainingMilliseconds: Int64

  /// Makes a lease.
  public init(owner: WorkerID, nonce: UInt64, counter: UInt64, epoch: Epoch, remainingMilliseconds: Int64) {
    self.owner = owner
    self.nonce = nonce
    self.counter = counter
    self.epoch = epoch
    self.remainingMilliseconds = remainingMilliseconds
  }
}

/// What an owner says when it renews.
public struct LeaseRenewal: Hashable, Sendable {
  /// The shard.
  public var shard: Shard
  /// The claim.
  public var nonce: UInt64
  /// The epoch it works under.
  public var epoch: Epoch
  /// How far it has processed.
  public var processed: Sequence

  /// Makes a renewal.
  public init(shard: Shard, nonce: UInt64, epoch: Epoch, processed: Sequence) {
    self.shard = shard
    self.nonce = nonce
    self.epoch = epoch
    self.processed = processed
  }
}

/// What a worker says of itself.
public struct Heartbeat: Hashable, Sendable {
  /// Its name.
  public var worker: WorkerID
  /// The host it runs on.
  public var host: String
  /// Its process id.
  public var pid: Int32
  /// The program's version.
  public var version: String
  /// When it started.
  public var startedAt: Timestamp
  /// The shards it holds.
  public var shards: [Shard]
  /// Commands it settled per second lately.
  public var ordersPerSecond: Int
  /// `active` or `draining`.
  public var state: String

  /// Makes a heartbeat.
  public init(
    worker: WorkerID, host: String, pid: Int32, version: String, startedAt: Timestamp, shards: [Shard],
    ordersPerSecond: Int, state: String
  ) {
    self.worker = worker
    self.host = host
    self.pid = pid
    self.version = version
    self.startedAt = startedAt
    self.shards = shards
    self.ordersPerSecond = ordersPerSecond
    self.state = state
  }
}
