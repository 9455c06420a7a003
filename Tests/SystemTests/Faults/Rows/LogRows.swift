import Postgres
import TestKit
import Testing

/// The log is there and cannot be read.
extension FaultRow {
  static let log: [FaultRow] = [
    FaultRow(
      number: 42, name: "the log cannot be read: a table renamed, a right taken, a value of a newer program",
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
    try await obstruct(
      "a value that this program does not know",
      "UPDATE command_log SET self_trade_prevention = 99 WHERE (shard, sequence) IN (\(Self.next))",
      undo: "UPDATE command_log SET self_trade_prevention = 0 WHERE self_trade_prevention = 99")
  }

  /// The next command of every shard that has one to work.
  private static let next = """
    SELECT c.shard, c.processed_sequence + 1 FROM shard_cursors c JOIN shard_sequences s USING (shard)
    WHERE s.last_sequence > c.processed_sequence
    """

  private func obstruct(_ what: String, _ sql: String, undo: String) async throws {
    var connection = try stack.postgres.connect()
    // Without streams the log must be read; what is accepted meanwhile waits in it.
    let before = workers.map(\.process.log.count)
    try connection.execute("BEGIN; LOCK TABLE shard_cursors IN EXCLUSIVE MODE; \(sql)")
    for shard in 0..<ScratchStack.instruments { try await redis("DEL", "bw:{s\(shard)}:orders") }
    try connection.execute("COMMIT")
    for shard in 0..<ScratchStack.instruments { try await redis("DEL", "bw:{s\(shard)}:orders") }
    _ = try await eventually("a worker lets go because of \(what)", seconds: 60) {
      // Streams bring rows past the log: they must not.
      for shard in 0..<ScratchStack.instruments { try await self.redis("DEL", "bw:{s\(shard)}:orders") }
      return zip(self.workers, before).contains { worker, length in
        worker.process.log.dropFirst(length).contains("let go of a shard that this worker cannot work")
      } ? true : nil
    }
    _ = try await eventually("a check that fails because of \(what)", seconds: 60) {
      for shard in 0..<ScratchStack.instruments { try await self.redis("DEL", "bw:{s\(shard)}:orders") }
      return try await self.stack.run(["status", "--check"]).status == 1 ? true : nil
    }
    for (worker, length) in zip(workers, before) {
      let lines = worker.process.log.dropFirst(length).split(separator: "\n").count
      #expect(lines < 2_000, "\(what): \(lines) lines")
    }
    try connection.execute(undo)
    _ = try await eventually("a clean check after \(what)", seconds: 90) {
      try await self.stack.run(["status", "--check"]).status == 0 ? true : nil
    }
  }
}
