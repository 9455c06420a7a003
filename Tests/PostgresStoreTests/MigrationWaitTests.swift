import Glibc
import Lifecycle
import Postgres
import TestKit
import Testing

@testable import PostgresStore

/// Schema changes on tables that somebody uses.
struct MigrationWaitTests {
  let url: String

  init() throws { url = try StoreDatabase.make() }

  /// The step wants a lock that a dump holds up. It says whom it waits for, and between its tries others read and write: only
  /// the end of the dump lets it through.
  @Test func aStepThatWaitsForADumpHoldsUpNobody() async throws {
    let written = Lock(0)
    let isOver = Lock(false)
    var writer = PostgresOptions(url: url, applicationName: "orders")
    writer.settings = [("lock_timeout", "30s")]
    startThread(name: "orders") { [writer] in
      do throws(PostgresError) {
        var connection = try PostgresConnection(writer)
        while !isOver.withLock({ $0 }) {
          try connection.execute("BEGIN; SELECT FROM orders LIMIT 1; DELETE FROM orders WHERE account_id = 0; COMMIT")
          written.withLock { $0 += 1 }
          usleep(1_000)
        }
      } catch {
        Issue.record("\(error)")
      }
    }
    let url = url
    defer { isOver.withLock { $0 = true } }
    let waits = try await StoreDatabase.session(url).use { (connection) throws(PostgresError) in
      var dump = PostgresOptions(url: url, applicationName: "nightly dump")
      dump.settings = [("lock_timeout", "10s")]
      var reader = try PostgresConnection(dump)
      try reader.execute("BEGIN; SELECT FROM orders LIMIT 1")
      var waits: [(wait: MigrationWait, written: Int)] = []
      var patience = MigrationPatience()
      patience.reportedEvery = 1
      patience.rest = .milliseconds(50)
      var failure: PostgresError?
      try patience.retrying("step colours", &connection) { wait in
        // Nothing is asked for now: orders go on, and this would wait in vain if they did not.
        let before = written.withLock { $0 }
        var count = before
        for _ in 0..<6_000 where count < before + 2 {
          usleep(10_000)
          count = written.withLock { $0 }
        }
        waits.append((wait, count - before))
        if waits.count == 4 {
          do throws(PostgresError) { try reader.execute("COMMIT") } catch { failure = error }
        }
      } _: { (connection) throws(PostgresError) in
        try connection.execute("BEGIN; LOCK TABLE orders; COMMENT ON TABLE orders IS 'coloured'; COMMIT")
      }
      if let failure { throw failure }
      return waits
    }
    #expect(waits.count >= 4, "the dump was not waited for")
    for (index, (wait, count)) in waits.prefix(4).enumerated() {
      #expect(wait.step == "step colours" && wait.attempts == index + 1)
      #expect(wait.sessions.contains { $0.applicationName == "nightly dump" && !$0.since.isEmpty }, "\(wait)")
      #expect(count >= 2, "nobody wrote between two tries")
    }
    #expect("\(waits[0].wait)".contains("(nightly dump), in a transaction since 20"), "\(waits[0].wait)")
    #expect(try StoreDatabase.text(url, "SELECT obj_description('orders'::regclass)") == "coloured")
  }

  @Test func aStepThatFailsIsNotTriedAgain() throws {
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    var tries = 0
    #expect(throws: PostgresError.self) {
      try MigrationPatience().retrying("step", &connection) { _ in
      } _: { (connection) throws(PostgresError) in
        tries += 1
        try connection.execute("BEGIN; SELECT 1 / 0; COMMIT")
      }
    }
    #expect(tries == 1)
  }
}
