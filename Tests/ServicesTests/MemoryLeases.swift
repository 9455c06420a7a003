import Market
import Ports
import Sharding

/// Leases in memory. They end when a test says so, not by time.
actor MemoryLeases: LeaseStore {
  private var held: [Shard: Lease] = [:]
  private var beats: [WorkerID: Heartbeat] = [:]
  private var failure: StreamError?

  func leases(of shards: [Shard]) throws(StreamError) -> [Shard: Lease] {
    if let failure { throw failure }
    return held.filter { shards.contains($0.key) }
  }

  func acquire(_ shard: Shard, owner: WorkerID, nonce: UInt64, lifetime: Duration) throws(StreamError) -> Bool {
    if let failure { throw failure }
    if let lease = held[shard] { return lease.nonce == nonce }
    held[shard] = Lease(owner: owner, nonce: nonce, counter: 0, epoch: Epoch(rawValue: 0), remainingMilliseconds: 1_500)
    return true
  }

  func renew(_ renewals: [LeaseRenewal], owner: WorkerID, lifetime: Duration) throws(StreamError) -> [Shard] {
    if let failure { throw failure }
    var lost: [Shard] = []
    for renewal in renewals {
      var lease =
        held[renewal.shard]
        ?? Lease(owner: owner, nonce: renewal.nonce, counter: 0, epoch: renewal.epoch, remainingMilliseconds: 1_500)
      guard lease.nonce == renewal.nonce else {
        lost.append(renewal.shard)
        continue
      }
      lease.counter += 1
      lease.epoch = renewal.epoch
      held[renewal.shard] = lease
    }
    return lost
  }

  func release(_ shard: Shard, nonce: UInt64) throws(StreamError) {
    if let failure { throw failure }
    if held[shard]?.nonce == nonce { held[shard] = nil }
  }

  func beat(_ heartbeat: Heartbeat, lifetime: Duration) throws(StreamError) {
    if let failure { throw failure }
    beats[heartbeat.worker] = heartbeat
  }

  func leave(_ worker: WorkerID) throws(StreamError) { beats[worker] = nil }
  func workers() throws(StreamError) -> [Heartbeat] { beats.values.sorted { $0.worker < $1.worker } }

  // MARK: What befalls them

  func fail(_ reason: String?) { failure = reason.map { StreamError(reason: $0) } }
  func wipe() { (held, beats) = ([:], [:]) }
  func steal(_ shard: Shard, for owner: WorkerID, nonce: UInt64) {
    held[shard] = Lease(owner: owner, nonce: nonce, counter: 0, epoch: Epoch(rawValue: 0), remainingMilliseconds: 1_500)
  }
  func expire(_ shard: Shard) { held[shard] = nil }
  var owners: [Shard: WorkerID] { held.mapValues(\.owner) }
}
