import Glibc
import Lifecycle
import Postgres
import TestKit

/// Looks on while an exchange settles: how long a shard had work and did none, and how soon dead workers' shards went on.
final class ShardMonitor: Sendable {
  private struct Shard {
    var epoch: Int64
    var owner: pid_t?
    var settled: Int64
    var movedAt: Int64
    /// When each epoch settled first.
    var began: [Int64: Int64] = [:]
  }

  private struct Orphan {
    var shard: Int16
    var epoch: Int64
    var since: Int64
  }

  private struct State {
    var shards: [Int16: Shard] = [:]
    var orphans: [Orphan] = []
    var longest: Int64 = 0
    var isStopped = false
  }

  private let state = Lock(State())

  init(_ postgres: ScratchPostgres) {
    startThread(name: "watch") { [self] in
      var connection: PostgresConnection?
      while !state.withLock({ $0.isStopped }) {
        if connection == nil { connection = try? postgres.connect() }
        // While the database is away nothing moves, and the time counts for all shards that have work then.
        if let cursors = connection == nil ? nil : try? ShardCursor.all(&connection!) {
          take(cursors, at: HostClock.monotonicNanoseconds())
        } else {
          connection = nil
        }
        usleep(10_000)
      }
    }
  }

  /// Notes that a worker has just died.
  func died(_ pid: pid_t) {
    let now = HostClock.monotonicNanoseconds()
    state.withLock { state in
      for (number, shard) in state.shards where shard.owner == pid {
        state.orphans.append(Orphan(shard: number, epoch: shard.epoch, since: now))
      }
    }
  }

  /// Milliseconds: the longest time in which a shard had work and did none, and the longest from a worker's death to the
  /// first settlement of one of its shards by another; nil when nobody died.
  func stop() -> (gap: Int64, takeOver: Int64?) {
    state.withLock { state in
      state.isStopped = true
      let spans = state.orphans.compactMap { orphan in
        state.shards[orphan.shard]?.began.filter { $0.key > orphan.epoch }.values.min().map { $0 - orphan.since }
      }
      return (state.longest / 1_000_000, spans.max().map { $0 / 1_000_000 })
    }
  }

  private func take(_ cursors: [ShardCursor], at now: Int64) {
    state.withLock { state in
      for cursor in cursors {
        var shard =
          state.shards[cursor.shard]
          ?? Shard(epoch: cursor.epoch, owner: nil, settled: cursor.settled, movedAt: now)
        let hasMoved = shard.settled != cursor.settled
        if hasMoved || cursor.lag > 0 { state.longest = max(state.longest, now - shard.movedAt) }
        if hasMoved || cursor.lag == 0 { shard.movedAt = now }
        if hasMoved, shard.began[cursor.epoch] == nil { shard.began[cursor.epoch] = now }
        (shard.epoch, shard.owner, shard.settled) = (cursor.epoch, cursor.owner, cursor.settled)
        state.shards[cursor.shard] = shard
      }
    }
  }
}

/// Who works on a shard and how far it is.
struct ShardCursor {
  var shard: Int16
  var epoch: Int64
  /// The owner's process.
  var owner: pid_t?
  var settled: Int64
  var lag: Int64

  static func all(_ connection: inout PostgresConnection) throws(PostgresError) -> [ShardCursor] {
    let rows = try connection.query(
      PostgresCall(
        .init(
          "cursors",
          """
          SELECT shard, epoch, coalesce(owner, ''), processed_sequence, last_sequence - processed_sequence
          FROM shard_logs JOIN shard_cursors USING (shard) ORDER BY shard
          """)))
    return (0..<rows.count).map { row in
      ShardCursor(
        shard: rows.int2(row, 0), epoch: rows.int8(row, 1), owner: process(of: rows.text(row, 2)),
        settled: rows.int8(row, 3), lag: rows.int8(row, 4))
    }
  }
}

/// The process of a worker, from its name: `host-1234-x7`.
func process(of worker: String) -> pid_t? {
  worker.split(separator: "-").dropLast().last.flatMap { pid_t($0) }
}
