import TestKit
import Testing

@testable import Postgres

@Suite struct PostgresSessionTests {
  private let sum = PostgresStatement("sum", "SELECT $1::bigint + 1")

  @Test func aLostConnectionIsReportedAndTheNextUseMakesANewOne() async throws {
    let scratch = try Scratch("session_lost")
    let session = PostgresSession(scratch.options(), name: "bw-session")
    let sum = sum
    func next(_ number: Int64) async throws(PostgresError) -> (pid: Int32, sum: Int64) {
      try await session.use { (connection) throws(PostgresError) in
        (connection.backendPID, try connection.query(PostgresCall(sum, [.int8(number)])).int8(0, 0))
      }
    }
    let first = try await next(1)
    #expect(try await next(2) == (first.pid, 3), "one connection as long as it holds")
    try scratch.terminate(first.pid)
    let error = await #expect(throws: PostgresError.self) { _ = try await next(3) }
    #expect(error.map(Self.isLoss) == true, "\(String(describing: error))")
    let second = try await next(4)
    #expect(second.pid != first.pid && second.sum == 5, "statements are prepared anew")
    await session.disconnect()
    #expect(try await next(5).pid != second.pid)
  }

  @Test func afterAnErrorInATransactionTheConnectionIsKeptAndNothingIsLeft() async throws {
    let scratch = try Scratch("session_rolled_back")
    let session = PostgresSession(scratch.options(), name: "bw-session")
    let pid = try await session.use { (connection) throws(PostgresError) in
      try connection.execute("CREATE TABLE kept (n int)")
      return connection.backendPID
    }
    let error = await #expect(throws: PostgresError.self) {
      try await session.use { (connection) throws(PostgresError) in
        do throws(PostgresError) {
          try connection.execute("BEGIN; INSERT INTO kept VALUES (1); SELECT 1 / 0")
        } catch {
          throw connection.rolledBack(after: error)
        }
      }
    }
    #expect(error?.state == "22012", "what went wrong is what is told")
    let after = try await session.use { (connection) throws(PostgresError) in
      let count = PostgresStatement("count_kept", "SELECT count(*) FROM kept")
      return (pid: connection.backendPID, rows: try connection.query(PostgresCall(count)).int8(0, 0))
    }
    #expect(after == (pid, 0))
  }

  @Test func aConnectionThatDiesBeforeTheRollBackIsLetGoOf() async throws {
    let scratch = try Scratch("session_abandoned")
    let session = PostgresSession(scratch.options(), name: "bw-session")
    let pid = try await session.use { $0.backendPID }
    let error = await #expect(throws: PostgresError.self) {
      try await session.use { (connection) throws(PostgresError) in
        do throws(PostgresError) {
          try connection.execute("BEGIN; SELECT 1 / 0")
        } catch {
          do { try scratch.terminate(pid) } catch { Issue.record(error) }
          throw connection.rolledBack(after: error)
        }
      }
    }
    #expect(error?.state == "22012")
    #expect(try await session.use { $0.backendPID } != pid)
    let abandoned = try await session.use { (connection) -> Int32 in
      connection.abandon()
      return connection.backendPID
    }
    #expect(try await session.use { $0.backendPID } != abandoned)
  }

  @Test func aConnectionLostInMidStatementIsReported() async throws {
    let scratch = try Scratch("session_mid_statement")
    let session = PostgresSession(scratch.options(), name: "bw-session")
    let pid = try await session.use { $0.backendPID }
    async let outcome: PostgresError? = {
      do throws(PostgresError) {
        try await session.use { (connection) throws(PostgresError) in
          let sleep = PostgresCall(PostgresStatement("sleep", "SELECT pg_sleep(60)"))
          _ = try connection.pipeline([sleep, sleep])
        }
        return nil
      } catch {
        return error
      }
    }()
    var observer = try scratch.connect()
    while try observer.number(
      "SELECT count(*) FROM pg_stat_activity WHERE pid = \(pid) AND wait_event = 'PgSleep'") == 0
    {
      try await Task.sleep(for: .milliseconds(1))
    }
    try scratch.terminate(pid)
    let error = await outcome
    #expect(error.map(Self.isLoss) == true, "\(String(describing: error))")
    #expect(try await session.use { $0.backendPID } != pid)
  }

  @Test func aTransactionThatIsLeftOpenIsDropped() async throws {
    let scratch = try Scratch("session_left_open")
    let session = PostgresSession(scratch.options(), name: "bw-session")
    try await session.use { (connection) throws(PostgresError) in try connection.execute("CREATE TABLE t (n bigint)") }
    let first = try await session.use { $0.backendPID }
    await #expect(throws: PostgresError.self) {
      try await session.use { (connection) throws(PostgresError) in
        try connection.execute("BEGIN; INSERT INTO t VALUES (1)")
        try connection.execute("SELECT 1 / 0")
      }
    }
    let (pid, count) = try await session.use { (connection) throws(PostgresError) in
      (connection.backendPID, try connection.number("SELECT count(*) FROM t"))
    }
    #expect(pid != first && count == 0)
  }

  @Test func aRefusalKeepsTheConnection() async throws {
    let session = PostgresSession(try Scratch("session_refusal").options(), name: "bw-session")
    let first = try await session.use { $0.backendPID }
    await #expect(throws: PostgresError.self) {
      try await session.use { (connection) throws(PostgresError) in try connection.execute("SELECT 1 / 0") }
    }
    #expect(try await session.use { $0.backendPID } == first)
  }

  @Test func optionsReachTheServer() throws {
    var connection = try Scratch("session_options").connect([("statement_timeout", "1234ms"), ("work_mem", "5MB")])
    let settings = PostgresStatement(
      "settings",
      """
      SELECT current_setting('application_name'), current_setting('statement_timeout'), current_setting('work_mem'),
        current_setting('client_encoding')
      """)
    let rows = try connection.query(PostgresCall(settings))
    #expect((0..<4).map { rows.text(0, $0) } == ["scratch", "1234ms", "5MB", "UTF8"])
  }

  @Test(arguments: [
    "postgresql://trader:s3cr3t@127.0.0.1:1/db", "postgresql://trader:s3cr3t@127.0.0.1:1,127.0.0.1:2/db",
    "postgresql://trader:s3cr3t@127.0.0.1:1,127.0.0.1:2x/db",
    "host=/nowhere port=1 user=trader password=s3cr3t dbname=db",
    "postgresql://trader:s3cr3t@%zz/db", "postgresql://trader:%zzs3cr3t@127.0.0.1:1/db",
    "postgresql://trader:s3cr3t/x@127.0.0.1/db", "host=/nowhere password=my s3cr3t", "s3cr3t = =",
    "host=/nowhere password='s3cr3t",
  ])
  func whatCannotBeReachedDoesNotReportThePassword(_ url: String) {
    do {
      _ = try PostgresConnection(PostgresOptions(url: url, applicationName: "scratch"))
      Issue.record("nobody listens there")
    } catch {
      guard case .unreachable(let reason) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(!reason.isEmpty && !reason.contains("s3cr3t"), "\(reason)")
    }
  }

  private static func isLoss(_ error: PostgresError) -> Bool {
    if case .connectionLost = error { return true }
    return error.isOutage
  }

  /// The server carries out the first statement of a flush and does not read the rest meanwhile: to TCP, silence.
  @Test(arguments: [false, true])
  func aServerThatIsBusyWithTheBeginningOfALargeFlushIsGivenUpOnlyAfterALongTime(isTooLong: Bool) async throws {
    let relay = try LoopbackRelay(to: "\(try PostgresServer.shared().directory)/.s.PGSQL.5432")
    var options = PostgresOptions(
      url: "host=127.0.0.1 port=\(relay.port) user=postgres dbname=postgres", applicationName: "scratch")
    options.userTimeout = .seconds(1)
    if isTooLong { options.longUserTimeout = .milliseconds(1_500) }
    let sleep = PostgresStatement("sleep", "SELECT pg_sleep(6)")
    let measure = PostgresStatement("measure", "SELECT length($1::text)")
    let calls = [
      PostgresCall(sleep), PostgresCall(measure, [.text(String(repeating: "x", count: 32 << 20))]),
    ]
    let session = PostgresSession(options, name: "bw-session")
    let run: @Sendable () async throws(PostgresError) -> Int32 = { () async throws(PostgresError) in
      try await session.use { (connection) throws(PostgresError) in try connection.pipeline(calls)[1].int4(0, 0) }
    }
    if isTooLong {
      await #expect(throws: PostgresError.self) { _ = try await run() }
      return
    }
    let length = try await run()
    #expect(length == 32 << 20)
    // What bounds a black hole is not lifted for good.
    let limit = try await session.use { (connection) throws(PostgresError) in connection.silenceLimit }
    #expect(limit == .seconds(1))
  }
}
