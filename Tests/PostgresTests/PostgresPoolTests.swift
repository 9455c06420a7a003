import Lifecycle
import TestKit
import Testing

@testable import Postgres

@Suite struct PostgresPoolTests {
  private static func pool(
    _ scratch: Scratch, _ count: Int, patience: Duration = .seconds(600), maximumWaiting: Int = 1_000
  ) -> PostgresPool {
    PostgresPool(
      (0..<count).map { PostgresSession(scratch.options(), name: "bw-pool-\($0)") }, patience: patience,
      maximumWaiting: maximumWaiting)
  }

  /// Occupies connections from outside: each holds an advisory lock's waiter until the lock is given up.
  private struct Gate: ~Copyable {
    var connection: PostgresConnection
    let key: Int64

    init(_ scratch: Scratch, key: Int64) throws {
      var connection = try scratch.connect()
      try connection.execute("SELECT pg_advisory_lock(\(key))")
      self.connection = connection
      self.key = key
    }

    /// Returns when so many wait at the gate.
    mutating func awaitWaiters(_ count: Int64) async throws {
      while try connection.number(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = \(key) AND NOT granted") < count
      {
        try await Task.sleep(for: .milliseconds(1))
      }
    }

    mutating func open() throws { try connection.execute("SELECT pg_advisory_unlock(\(key))") }
  }

  /// Passes a gate; the process of the connection that did.
  @Sendable private static func pass(_ key: Int64, _ pool: PostgresPool) async throws(PostgresError) -> Int32 {
    try await pool.use { (connection) throws(PostgresError) in
      // Shared: all may pass when it opens.
      try connection.execute("SELECT pg_advisory_lock_shared(\(key)); SELECT pg_advisory_unlock_shared(\(key))")
      return connection.backendPID
    }
  }

  private static func awaitWaiting(_ count: Int, _ pool: PostgresPool) async throws {
    while pool.waitingCount < count { try await Task.sleep(for: .milliseconds(1)) }
  }

  private static func outcome(_ pool: PostgresPool) async -> Result<Int32, PostgresError> {
    do throws(PostgresError) { return .success(try await pool.use { $0.backendPID }) } catch { return .failure(error) }
  }

  private static func isUnreachable(_ outcome: Result<Int32, PostgresError>) -> Bool {
    if case .failure(.unreachable) = outcome { true } else { false }
  }

  @Test func aConnectionThatDiedWhileIdleIsMadeAnewBeforeItIsLent() async throws {
    let scratch = try Scratch("pool_idle_death")
    let pool = Self.pool(scratch, 1)
    let runs = Lock(0)
    let first = try await pool.use { $0.backendPID }
    try scratch.terminate(first)
    let second = try await pool.use { (connection) throws(PostgresError) in
      runs.withLock { $0 += 1 }
      try connection.execute("SELECT 1")
      return connection.backendPID
    }
    #expect(second != first && runs.withLock { $0 } == 1)
  }

  @Test func aConnectionThatBreaksInUseIsTriedAgainOnceAndThenLentLast() async throws {
    let scratch = try Scratch("pool_break")
    let pool = Self.pool(scratch, 2)
    let pids = Lock<[Int32]>([])
    // It ends its own connection, each time.
    let error = await #expect(throws: PostgresError.self) {
      try await pool.use { (connection) throws(PostgresError) in
        pids.withLock { $0.append(connection.backendPID) }
        try connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
      }
    }
    guard case .connectionLost = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    let broken = pids.withLock { $0 }
    #expect(broken.count == 2 && broken[0] != broken[1])
    let other = try await pool.use { $0.backendPID }
    #expect(try await pool.use { $0.backendPID } == other, "the whole one is lent as long as one is enough")
    #expect(!broken.contains(other))
  }

  @Test func aRefusalOfTheServerIsNotTriedAgain() async throws {
    let scratch = try Scratch("pool_refusal")
    let pool = Self.pool(scratch, 1)
    let runs = Lock(0)
    let error = await #expect(throws: PostgresError.self) {
      try await pool.use { (connection) throws(PostgresError) in
        runs.withLock { $0 += 1 }
        try connection.execute("SELECT 1 / 0")
      }
    }
    #expect(error?.state == "22012" && runs.withLock { $0 } == 1)
    _ = try await pool.use { $0.backendPID }
  }

  @Test func oneThatHangsHoldsUpNobodyElse() async throws {
    let scratch = try Scratch("pool_hang")
    let pool = Self.pool(scratch, 2)
    var gate = try Gate(scratch, key: 1)
    async let hanging = Self.pass(1, pool)
    try await gate.awaitWaiters(1)
    var others: Set<Int32> = []
    for _ in 0..<20 { others.insert(try await pool.use { $0.backendPID }) }
    try gate.open()
    let pid = try await hanging
    #expect(others.count == 1 && !others.contains(pid))
  }

  @Test func whereAllHangACallerIsRefusedWhenItsTimeIsUp() async throws {
    let scratch = try Scratch("pool_all_hang")
    let pool = Self.pool(scratch, 2, patience: .milliseconds(20))
    var gate = try Gate(scratch, key: 2)
    async let first = Self.pass(2, pool)
    async let second = Self.pass(2, pool)
    try await gate.awaitWaiters(2)
    #expect(Self.isUnreachable(await Self.outcome(pool)))
    #expect(pool.waitingCount == 0)
    try gate.open()
    _ = try await (first, second)
    _ = try await pool.use { $0.backendPID }
  }

  @Test func whoWaitsIsServedInTheOrderOfComing() async throws {
    let scratch = try Scratch("pool_order")
    let pool = Self.pool(scratch, 1)
    var gate = try Gate(scratch, key: 3)
    async let first = Self.pass(3, pool)
    try await gate.awaitWaiters(1)
    let served = Lock<[Int]>([])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for caller in 0..<20 {
        group.addTask { try await pool.use { _ in served.withLock { $0.append(caller) } } }
        // One comes after the other.
        try await Self.awaitWaiting(caller + 1, pool)
      }
      try gate.open()
      try await group.waitForAll()
    }
    _ = try await first
    #expect(served.withLock { $0 } == Array(0..<20))
  }

  @Test func moreCallersThanConnectionsAreAllServedOverNoMoreConnections() async throws {
    let scratch = try Scratch("pool_crowd")
    let pool = Self.pool(scratch, 3)
    let use = Lock((now: 0, most: 0, connections: Set<Int32>()))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<200 {
        group.addTask {
          try await pool.use { (connection) throws(PostgresError) in
            let pid = connection.backendPID
            use.withLock { use in
              use.now += 1
              use.most = max(use.most, use.now)
              use.connections.insert(pid)
            }
            defer { use.withLock { $0.now -= 1 } }
            try connection.execute("SELECT 1")
          }
        }
      }
      try await group.waitForAll()
    }
    let (now, most, connections) = use.withLock { $0 }
    #expect(now == 0 && most <= 3 && connections.count <= 3 && pool.waitingCount == 0)
  }

  @Test func aCrowdThatIsTooLargeIsRefused() async throws {
    let scratch = try Scratch("pool_full")
    let pool = Self.pool(scratch, 1, maximumWaiting: 1)
    var gate = try Gate(scratch, key: 4)
    async let first = Self.pass(4, pool)
    try await gate.awaitWaiters(1)
    async let second = Self.outcome(pool)
    try await Self.awaitWaiting(1, pool)
    #expect(Self.isUnreachable(await Self.outcome(pool)))
    try gate.open()
    let (one, other) = try await (first, second.get())
    #expect(one == other)
  }

  @Test func whoIsCanceledWhileItWaitsLeavesTheLine() async throws {
    let scratch = try Scratch("pool_cancel")
    let pool = Self.pool(scratch, 1)
    var gate = try Gate(scratch, key: 5)
    async let first = Self.pass(5, pool)
    try await gate.awaitWaiters(1)
    let second = Task { await Self.outcome(pool) }
    try await Self.awaitWaiting(1, pool)
    second.cancel()
    #expect(Self.isUnreachable(await second.value) && pool.waitingCount == 0)
    let third = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await Self.outcome(pool)
    }
    #expect(Self.isUnreachable(await third.value), "cancelled before it came")
    try gate.open()
    _ = try await first
  }

  @Test func closingRefusesThoseWhoWaitAndEndsConnections() async throws {
    let scratch = try Scratch("pool_close")
    let pool = Self.pool(scratch, 2)
    let idle = try await pool.use { $0.backendPID }
    var gate = try Gate(scratch, key: 6)
    async let first = Self.pass(6, pool)
    async let second = Self.pass(6, pool)
    try await gate.awaitWaiters(2)
    async let third = Self.outcome(pool)
    async let fourth = Self.outcome(pool)
    try await Self.awaitWaiting(2, pool)
    await pool.close()
    let refused = await [third, fourth]
    #expect(refused.allSatisfy(Self.isUnreachable))
    #expect(Self.isUnreachable(await Self.outcome(pool)))
    try gate.open()
    let pids = try await [first, second]
    #expect(pids.contains(idle), "what is under way comes to its end")
    while try gate.connection.number(
      "SELECT count(*) FROM pg_stat_activity WHERE pid IN (\(pids[0]), \(pids[1]))") > 0
    {
      try await Task.sleep(for: .milliseconds(1))
    }
  }
}
