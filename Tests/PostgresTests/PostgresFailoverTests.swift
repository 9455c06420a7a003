import Glibc
import Postgres
import TestKit
import Testing

@Suite(.serialized) struct PostgresFailoverTests {
  private let insert = PostgresStatement("insert", "INSERT INTO numbers VALUES (1)")

  @Test func aCanceledWaitForAStandbyIsNoCommit() async throws {
    let server = try await ScratchPostgres()
    var connection = try server.connectHere()
    try connection.execute("CREATE TABLE numbers (n bigint)")
    // There is no standby: every commit waits.
    try server.setSynchronous(true)
    let session = PostgresSession(PostgresOptions(url: server.url, applicationName: "waits"), name: "bw-session")
    for isExplicit in [true, false] {
      async let outcome: PostgresError? = failure(of: session, isExplicit: isExplicit)
      try await server.cancelWait(of: "waits")
      #expect(await outcome.map { if case .connectionLost = $0 { true } else { false } } == true)
    }
    let seen = try await session.use { (connection) throws(PostgresError) in
      try connection.number("SELECT count(*) FROM numbers")
    }
    #expect(seen == 2, "committed all the same; a question is told nothing of earlier waits")
  }

  private func failure(of session: PostgresSession, isExplicit: Bool) async -> PostgresError? {
    let insert = insert
    do throws(PostgresError) {
      try await session.use { (connection) throws(PostgresError) in
        if isExplicit {
          try connection.execute("BEGIN; INSERT INTO numbers VALUES (1); COMMIT")
        } else {
          _ = try connection.query(PostgresCall(insert))
        }
      }
      return nil
    } catch {
      return error
    }
  }

  @Test func aSessionFollowsTheServerThatTakesWrites() async throws {
    let primary = try await ScratchPostgres()
    let standby = try await primary.addStandby()
    let url = "host=\(standby.directory),\(primary.directory) port=5432 user=postgres dbname=postgres"
    let session = PostgresSession(PostgresOptions(url: url, applicationName: "follows"), name: "bw-session")
    func timeline() async throws(PostgresError) -> PostgresTimeline? {
      try await session.use { (connection) throws(PostgresError) in
        try connection.execute("CREATE TABLE IF NOT EXISTS numbers (n bigint)")
        return try connection.timeline()
      }
    }
    let before = try #require(try await timeline(), "the standby is named first, the primary takes writes")
    #expect(before.timeline == 1)
    var early = try standby.connectHere()
    #expect(try early.timeline() == nil)
    try await primary.killAll()
    await #expect(throws: PostgresError.self) { _ = try await timeline() }
    try await standby.promote()
    let after = try #require(try await timeline())
    #expect(after.system == before.system && after.timeline == 2)
    #expect(try early.timeline() == after, "not remembered from when it was a standby")
  }

  @Test func aServerThatTakesNoWritesAnyMoreIsLeft() async throws {
    let server = try await ScratchPostgres()
    let session = PostgresSession(PostgresOptions(url: server.url, applicationName: "leaves"), name: "bw-session")
    let first = try await session.use { $0.backendPID }
    let error = await #expect(throws: PostgresError.self) {
      try await session.use { (connection) throws(PostgresError) in
        try connection.execute("SET default_transaction_read_only = on")
        try connection.execute("CREATE TABLE numbers (n bigint)")
      }
    }
    #expect(error?.isReadOnly == true && error?.isOutage == true)
    #expect(try await session.use { $0.backendPID } != first)
  }

  @Test func aConnectionStringsOwnWordsAreKept() throws {
    let server = try PostgresServer.shared()
    let url =
      "postgresql://postgres@/postgres?host=/nowhere,\(server.directory)&port=1,5432&options=-c%20work_mem%3D5MB"
      + "%20-c%20lock_timeout%3D1s&connect_timeout=7"
    var options = PostgresOptions(url: url, applicationName: "scratch")
    options.settings = [("lock_timeout", "1234ms")]
    var connection = try PostgresConnection(options)
    let settings = PostgresStatement(
      "settings", "SELECT current_setting('work_mem'), current_setting('lock_timeout')")
    let rows = try connection.query(PostgresCall(settings))
    #expect((0..<2).map { rows.text(0, $0) } == ["5MB", "1234ms"])
  }

  @Test func aHostThatDoesNotAnswerIsPassedOver() async throws {
    let silent = try await ScratchPostgres()
    let server = try PostgresServer.shared()
    try silent.signalAll(SIGSTOP)
    var options = PostgresOptions(
      url: "host=\(silent.directory),\(server.directory) port=5432 user=postgres dbname=postgres",
      applicationName: "scratch")
    options.connectTimeout = .seconds(2)
    // Waiting blocks the session's own thread.
    let session = PostgresSession(options, name: "bw-session")
    let one = try await session.use { (connection) throws(PostgresError) in try connection.number("SELECT 1::bigint") }
    #expect(one == 1)
    try silent.signalAll(SIGCONT)
  }
}
