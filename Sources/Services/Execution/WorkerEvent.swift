public import Market

/// Something about a worker that an operator wants to know.
public enum WorkerEvent: Sendable {
  /// A shard was taken over with this many open orders.
  case claimed(Shard, Epoch, openOrders: Int)
  /// A shard was given up in an orderly way.
  case released(Shard, Epoch)
  /// Someone else holds the shard's lease.
  case leaseLost(Shard, Epoch)
  /// PostgreSQL refused a commit for the shard: it has another owner.
  case fenced(Shard, Epoch)
  /// A shard's state is in doubt and is read again.
  case dropped(Shard, Epoch, reason: String)
  /// A settlement could not be stored and is tried again.
  case settlementDelayed(reason: String)
  /// The stream cannot be read; the log serves meanwhile.
  case streamUnavailable(reason: String)
  /// Leases or heartbeats cannot be reached.
  case leasesUnavailable(reason: String)
  /// The claim of a shard failed.
  case claimFailed(Shard, reason: String)
  /// Commands were settled in one transaction.
  case settled(commands: Int, microseconds: Int64)
}
