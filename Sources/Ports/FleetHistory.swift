package import Market
package import Sharding

/// Records who claimed, gave up or lost which shard, for operators. It is a convenience: it may be lost, and nothing decides
/// by it.
package protocol FleetHistory: Sendable {
  /// Appends events.
  func record(_ events: [FleetEvent]) async throws(StreamError)
}

/// What happened to a shard's ownership or to a key, for operators.
package struct FleetEvent: Hashable, Sendable {
  /// The kinds of what happens.
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// A worker took the shard over.
    case claimed
    /// Its owner gave it up.
    case released
    /// Its owner lost it to another, or was refused by the ledger.
    case lost
    /// A key was damaged and has been replaced.
    case replaced
  }

  /// What happened.
  package var kind: Kind
  /// To which shard; nil of a key.
  package var shard: Shard?
  /// To which key; nil of a shard.
  package var key: String?
  /// To or by whom.
  package var worker: WorkerID
  /// The epoch that began or ended; nil of a key.
  package var epoch: Epoch?
  /// Why, in words.
  package var reason: String

  /// Makes an event.
  package init(kind: Kind, shard: Shard, worker: WorkerID, epoch: Epoch, reason: String) {
    self.kind = kind
    self.shard = shard
    self.worker = worker
    self.epoch = epoch
    self.reason = reason
  }

  /// Makes an event of a key that was damaged.
  package init(replaced key: String, worker: WorkerID, reason: String) {
    kind = .replaced
    self.key = key
    self.worker = worker
    self.reason = reason
  }
}
