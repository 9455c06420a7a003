public import Market

/// Who should work on a shard, as Redis has it.
public struct Lease: Hashable, Sendable {
  /// Who holds it.
  public var owner: WorkerID
  /// The claim it belongs to.
  public var nonce: UInt64
  /// How often it has been renewed.
  public var counter: UInt64
  /// The epoch its owner works under; 0 before PostgreSQL has handed one out.
  public var epoch: Epoch
  /// How long until it expires.
  public var remaining: Duration
  /// Who asks to be handed the shard; nil when nobody does.
  public var successor: Successor?

  /// Makes a lease.
  public init(
    owner: WorkerID, nonce: UInt64, counter: UInt64, epoch: Epoch, remaining: Duration,
    successor: Successor? = nil
  ) {
    self.owner = owner
    self.nonce = nonce
    self.counter = counter
    self.epoch = epoch
    self.remaining = remaining
    self.successor = successor
  }
}

/// A worker that has prepared itself to go on with a shard.
public struct Successor: Hashable, Sendable {
  /// The worker in question.
  public var worker: WorkerID
  /// The claim that it will make.
  public var nonce: UInt64

  /// Names a successor.
  public init(worker: WorkerID, nonce: UInt64) {
    self.worker = worker
    self.nonce = nonce
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
