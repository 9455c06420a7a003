public import Market
public import Sharding

/// Who should work on which shard: leases that expire. It gives liveness; safety is the ledger's.
public protocol LeaseStore: Sendable {
  /// The leases of these shards that are held now.
  func leases(of shards: [Shard]) async throws(StreamError) -> [Shard: Lease]

  /// Takes a free lease, or one whose holder is gone: only as it was seen.
  /// - Parameter over: The lease of a holder that is gone; nil takes free ones only.
  /// - Returns: Whether the lease is the caller's now; a repeated call with the same nonce says yes again.
  func acquire(
    _ shard: Shard, owner: WorkerID, nonce: UInt64, over: Lease?, lifetime: Duration
  ) async throws(StreamError) -> Bool

  /// Extends held leases, and takes back those that a wipe lost; nobody else's are touched.
  /// - Returns: The shards whose lease someone else holds.
  func renew(_ leases: [LeaseRenewal], owner: WorkerID, lifetime: Duration) async throws(StreamError) -> [Shard]

  /// Asks the holder of a lease to hand the shard to `successor`. It stands until the lease ends or another asks.
  /// - Returns: Whether somebody else holds the lease and has been asked.
  func request(_ shard: Shard, for successor: Successor) async throws(StreamError) -> Bool

  /// Hands a held lease to the successor that asked for it, in one step: the shard is never free in between.
  /// - Returns: Whether it was the caller's and is the successor's now; a repeated call says yes again.
  func handOver(
    _ shard: Shard, owner: WorkerID, nonce: UInt64, to successor: Successor, lifetime: Duration
  ) async throws(StreamError) -> Bool

  /// Gives a lease up, if it is the caller's; if the caller has asked to be handed it, takes that back.
  func release(_ shard: Shard, nonce: UInt64) async throws(StreamError)
}

extension LeaseStore {
  /// Takes a free lease.
  public func acquire(
    _ shard: Shard, owner: WorkerID, nonce: UInt64, lifetime: Duration
  ) async throws(StreamError) -> Bool {
    try await acquire(shard, owner: owner, nonce: nonce, over: nil, lifetime: lifetime)
  }
}
