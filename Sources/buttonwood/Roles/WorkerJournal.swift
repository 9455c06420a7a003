internal import Lifecycle
internal import RedisStore
internal import Services
internal import Sharding
internal import Telemetry

/// Writes down what happens to a worker: in its log, in the fleet's history, in its metrics.
final class WorkerJournal: Sendable {
  private let worker: WorkerID
  private let log: Log
  private let history: RedisHistory
  private let metrics: WorkerMetrics

  init(worker: WorkerID, log: Log, history: RedisHistory, metrics: WorkerMetrics) {
    self.worker = worker
    self.log = log
    self.history = history
    self.metrics = metrics
  }

  func record(_ event: WorkerEvent) {
    metrics.count(event)
    switch event {
    case .claimed(let shard, let epoch, let openOrders):
      log.notice("claimed a shard", ["shard": shard, "epoch": epoch, "open_orders": openOrders])
      remember(.init(kind: .claimed, shard: shard, worker: worker, epoch: epoch, reason: "free"))
    case .released(let shard, let epoch):
      log.notice("released a shard", ["shard": shard, "epoch": epoch])
      remember(.init(kind: .released, shard: shard, worker: worker, epoch: epoch, reason: "fair share or stop"))
    case .leaseLost(let shard, let epoch):
      log.warning("lost a lease", ["shard": shard, "epoch": epoch])
      remember(.init(kind: .lost, shard: shard, worker: worker, epoch: epoch, reason: "lease held by another"))
    case .fenced(let shard, let epoch):
      log.warning("fenced: the shard has another owner", ["shard": shard, "epoch": epoch])
      remember(.init(kind: .lost, shard: shard, worker: worker, epoch: epoch, reason: "fenced by PostgreSQL"))
    case .dropped(let shard, let epoch, let reason):
      log.warning("dropped a shard to read it again", ["shard": shard, "epoch": epoch, "reason": reason])
      remember(.init(kind: .lost, shard: shard, worker: worker, epoch: epoch, reason: reason))
    case .settlementDelayed(let reason): log.warning("a settlement is tried again", ["reason": reason])
    case .streamUnavailable(let reason): log.warning("streams unavailable, reading the log", ["reason": reason])
    case .leasesUnavailable(let reason): log.warning("leases unavailable", ["reason": reason])
    case .claimFailed(let shard, let reason): log.warning("a claim failed", ["shard": shard, "reason": reason])
    case .settled(let commands, let microseconds):
      log.debug("settled", ["commands": commands, "microseconds": microseconds])
    }
  }

  /// The history is a courtesy: without Redis the log has it.
  private func remember(_ event: HistoryEvent) {
    Task { try? await history.record([event]) }
  }
}
