import Postgres
import TestKit
import Testing

/// The log is there and cannot be read.
extension FaultRow {
  static let log: [FaultRow] = [
    FaultRow(
      number: 42, name: "the log cannot be read: a table renamed, a value of a newer program",
      topology: .postgres, after: .seconds(1)
    ) { try await $0.hideLog() }
  ]
}

extension FaultStand {
  /// Each obstacle is told, costs no busy loop, and is forgotten when it is gone. Orders go on being accepted.
  fileprivate func hideLog() async throws {
    try await obstruct(
      "a renamed table", "ALTER TABLE command_conditions RENAME TO command_conditions_away",
      undo: "ALTER TABLE command_conditions_away RENAME TO command_conditions")
    // Rows that workers have already are worked from there: these wait while nobody works.
    let count = workers.count
    for worker in workers { try await stopWorker(worker) }
    _ = try await eventually("commands that wait") { try self.number(Self.waiting) > 0 ? true : nil }
    try await obstruct(
      "a value that this program does not know",
      """
      UPDATE command_log SET self_trade_prevention = 99 WHERE (shard, sequence) IN (
        SELECT c.shard, c.processed_sequence + 1 FROM shard_cursors c JOIN shard_logs l USING (shard)
        WHERE l.last_sequence > c.processed_sequence)
      """,
      undo: "UPDATE command_log SET self_trade_prevention = 0 WHERE self_trade_prevention = 99"
    ) {
      for _ in 0..<count { try await self.addWorker() }
    }
  }

  private static let waiting =
    "SELECT sum(l.last_sequence - c.processed_sequence) FROM shard_cursors c JOIN shard_logs l USING (shard)"

  private func obstruct(
    _ what: String, _ sql: String, undo: String, then: () async throws -> Void = {}
  ) async throws {
    var connection = try stack.postgres.connect()
    let before = workers.map(\.process.log.count)
    try connection.execute(sql)
    try await loseStreams()
    try await then()
    _ = try await eventually("a worker lets go because of \(what)", seconds: 60) {
      // What the streams bring need not be read from the log.
      try await self.loseStreams()
      return self.lines(since: before).contains { $0.contains("let go of a shard that this worker cannot work") }
        ? true : nil
    }
    _ = try await eventually("a check that fails because of \(what)", seconds: 60) {
      try await self.loseStreams()
      return try await self.stack.run(["status", "--check"]).status == 1 ? true : nil
    }
    #expect(lines(since: before).count < 2_000, "\(what)")
    try connection.execute(undo)
    _ = try await eventually("a clean check after \(what)", seconds: 90) {
      try await self.stack.run(["status", "--check"]).status == 0 ? true : nil
    }
  }

  private func loseStreams() async throws {
    for shard in 0..<ScratchStack.instruments { try await redis("DEL", "bw:{s\(shard)}:orders") }
  }

  /// What workers have written; those that were there already since then.
  private func lines(since before: [Int]) -> [Substring] {
    workers.enumerated().flatMap { index, worker in
      let log = worker.process.log
      let known = before.indices.contains(index) && before[index] <= log.count ? before[index] : 0
      return log.dropFirst(known).split(separator: "\n")
    }
  }
}
