internal import Accounting
internal import Engine
internal import Market
internal import Ports
internal import Sharding

/// The end of every claim, whether the shard was free or handed over: with books that stand where the claim found it, it goes
/// into work. Behind the claim what is processed is final.
struct ShardTakeOver: Sendable {
  let lane: ExecutionLane
  let backoff: ClaimBackoff
  let report: @Sendable (WorkerEvent) -> Void

  /// The books of what is stored; nil, and the shard is left alone for a while, when they cannot be rebuilt.
  func rebuilt(_ book: ShardBook) -> ShardEngine? {
    do throws(RecoveryFault) {
      return try ShardEngine(book)
    } catch {
      report(.recoveryFailed(book.shard, reason: "\(error)", pause: backoff.failed(book.shard)))
      return nil
    }
  }

  /// Takes a claimed shard into work.
  /// - Returns: Whether it is; not when another has claimed and settled since, so that the books are not this claim's.
  func begin(_ ownership: Ownership, _ engine: ShardEngine, cause: ClaimCause) async -> Bool {
    guard engine.cursor == ownership.processed else {
      report(.claimFailed(ownership.shard, reason: "another has settled since it was claimed"))
      return false
    }
    await lane.adopt(ownership, engine)
    report(.claimed(ownership.shard, ownership.epoch, openOrders: engine.openCount, cause: cause))
    return true
  }
}
