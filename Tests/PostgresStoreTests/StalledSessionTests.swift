import Accounting
import Lifecycle
import Market
import Ports
import Postgres
import PostgresAudit
import Services
import Sharding
import TestKit
import Testing

@testable import PostgresStore

/// A client that stops in the middle of a conversation keeps no lock: whoever waits for it ends its session.
struct StalledSessionTests {
  /// What guards reported.
  private final class Reports: Sendable {
    private let events = Lock<[StalledSessionEvent]>([])
    var ended: [StalledSession] {
      events.withLock { $0 }.compactMap { if case .ended(let one) = $0 { one } else { nil } }
    }
    var others: [StalledSessionEvent] { events.withLock { $0 }.filter { if case .ended = $0 { false } else { true } } }
    var report: @Sendable (StalledSessionEvent) -> Void { { event in self.events.withLock { $0.append(event) } } }
    var sessionGuard: SessionGuard { SessionGuard(report: report) }
  }

  /// A conversation that stops, with a database and an exchange's other clients of its own.
  private struct Trial {
    let url: String
    let proxy: StallingProxy
    let reports = Reports()

    init() throws {
      url = try StoreDatabase.make()
      proxy = try StallingProxy(server: PostgresServer.shared().directory)
    }

    /// Leads through the proxy.
    var through: String {
      get throws { url.replacing("host=\(try PostgresServer.shared().directory) ", with: "host=\(proxy.host) ") }
    }

    func session(_ url: String, _ name: String) -> PostgresSession {
      PostgresSession(StoreSettings.acceptance(url: url, role: name), name: "tests")
    }

    func entry(_ url: String, _ name: String = "gateway") -> PostgresAcceptanceLedger {
      PostgresAcceptanceLedger(session: session(url, name), sessionGuard: reports.sessionGuard)
    }

    func settling(_ url: String, _ name: String = "worker") -> PostgresSettlementLedger {
      PostgresSettlementLedger(
        session: PostgresSession(StoreSettings.ledger(url: url, role: name), name: "tests"),
        sessionGuard: reports.sessionGuard)
    }

    /// Sells and buys of several accounts in two instruments of one shard.
    static func requests(seed: UInt64) -> [AcceptanceRequest] {
      var orders = TestOrders(seed: seed)
      return (0..<12).map { number in
        orders.place(
          number.isMultiple(of: 2) ? .sell : .buy, Int64(number + 1), at: 100, account: number % 6,
          instrument: number % 3 == 0 ? 4 : 1)
      }
    }

    /// Whether a session of this name holds a lock that others may wait for.
    func holdsLocks(_ name: String) throws -> Bool {
      try StoreDatabase.integer(
        url,
        """
        SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE a.datname = current_database() AND a.application_name = 'buttonwood-\(name)' AND l.locktype = 'transactionid'
        """) != 0
    }

    /// The process of a session that waits in the middle of a pipeline and holds locks: no time-out of the server ends it.
    /// Waits until the server has taken in all that has come.
    func heldInAPipeline(_ name: String) async throws -> Int32? {
      try await StalledSessionTests.eventually("the server waits for the client") {
        try StoreDatabase.integer(
          url,
          """
          SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND application_name = 'buttonwood-\(name)' AND wait_event = 'ClientRead'
          """) == 1
      }
      return try StoreDatabase.integer(
        url,
        """
        SELECT pid FROM pg_stat_activity a WHERE datname = current_database()
          AND application_name = 'buttonwood-\(name)' AND state = 'active' AND EXISTS (
            SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'transactionid')
        """
      ).map { Int32($0) }
    }

    /// Hands requests of the same accounts in until none of them is held any more.
    func acceptUntilFree(seed: UInt64) async throws {
      let ledger = entry(url)
      for number in 0..<200 {
        let batch = try await ledger.accept(Self.requests(seed: seed + UInt64(number)), now: StoreDatabase.noon)
        if batch.postponed.isEmpty { return }
        try await Task.sleep(for: .milliseconds(100))
      }
      Issue.record("accounts are still held")
    }

    /// Claims the shard and settles everything.
    func settleAll() async throws {
      let ledger = settling(url)
      let shard = Shard(rawValue: 0)
      for nonce in 0..<300 as Range<UInt64> {
        if let ownership = try await ledger.claim(shard, owner: WorkerID(rawValue: "other"), nonce: nonce + 100) {
          try await SettlementLedgerTests.settle(ledger, ownership)
          return
        }
        try await Task.sleep(for: .milliseconds(100))
      }
      Issue.record("the shard is still held")
    }

    func expectCleanAudit() async throws {
      let report = try await AuditTests.audit(url)
      #expect(report.isClean, "\(AuditPrinter.text(report))")
    }
  }

  /// Looks until something is so, for a minute.
  private static func eventually(_ what: String, _ isSo: () async throws -> Bool) async throws {
    for _ in 0..<3_000 {
      if try await isSo() { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("not for a minute: \(what)")
  }

  /// Runs a trial at twenty places of a conversation at the same time: at two thirds of it, and at random ones.
  /// - Parameter trial: Gets a number, and makes a place of the length of the conversation.
  private func atTwentyPlaces(
    _ name: String,
    _ trial: @escaping @Sendable (Int, (Int) -> (bytes: Int, way: StallingProxy.Way)) async throws -> Void
  ) async throws {
    let seed = UInt64.random(in: 0..<1_000_000)
    print("\(name) that stops: seed \(seed)")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<20 {
        group.addTask {
          try await trial(number) { length in
            var random = SeededRandom(seed: seed &+ UInt64(number))
            let bytes = number == 0 ? length * 2 / 3 : random.number(1...(length - 1))
            return (bytes, random.pick(StallingProxy.Way.allCases))
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func acceptanceThatStopsAnywhereHoldsNobodyUp() async throws {
    try await atTwentyPlaces("acceptance") { number, place in
      let trial = try Trial()
      let ledger = trial.entry(try trial.through, "stalling")
      // The first one prepares; the second one shows how long a conversation is.
      _ = try await ledger.accept(Trial.requests(seed: 1), now: StoreDatabase.noon)
      let before = trial.proxy.passed
      _ = try await ledger.accept(Trial.requests(seed: 2), now: StoreDatabase.noon)
      let (bytes, way) = place(trial.proxy.passed - before)
      trial.proxy.arm(after: bytes, way)
      let stalling = Task { try await ledger.accept(Trial.requests(seed: 3), now: StoreDatabase.noon) }
      try await Self.eventually("a stall after \(bytes) bytes") { trial.proxy.stalls == 1 }
      let held = try await trial.heldInAPipeline("stalling")
      #expect(number > 0 || held != nil, "the server holds locks for what has come of two thirds")
      try await trial.acceptUntilFree(seed: 1_000)
      try await trial.settleAll()
      try await Self.eventually("no lock after \(bytes) bytes") { try !trial.holdsLocks("stalling") }
      if let held { #expect(trial.reports.ended.map(\.process) == [held], "after \(bytes) bytes") }
      #expect(trial.reports.others == [], "after \(bytes) bytes")
      // Its connection is gone, or goes now: it takes its batch up again, and nothing is there twice.
      trial.proxy.release()
      #expect(try await stalling.value.answers.count == 12)
      try await trial.settleAll()
      try await trial.expectCleanAudit()
    }
  }

  @Test func aSettlementThatStopsAnywhereHoldsNobodyUp() async throws {
    try await atTwentyPlaces("a settlement") { number, place in
      let trial = try Trial()
      let entry = trial.entry(trial.url)
      let ledger = trial.settling(try trial.through, "stalling")
      var ownership = try await SettlementLedgerTests.claim(ledger, Shard(rawValue: 0))
      var length = 0
      for seed in 1...2 as ClosedRange<UInt64> {
        _ = try await entry.accept(Trial.requests(seed: seed), now: StoreDatabase.noon)
        let commit = try await SettlementLedgerTests.commit(ledger, ownership)
        let before = trial.proxy.passed
        #expect(try await ledger.settle([commit], at: StoreDatabase.noon) == .committed)
        length = trial.proxy.passed - before
        ownership.processed = commit.settlement.through
      }
      _ = try await entry.accept(Trial.requests(seed: 3), now: StoreDatabase.noon)
      let commit = try await SettlementLedgerTests.commit(ledger, ownership)
      // Settlements differ a little in length.
      let (bytes, way) = place(length * 4 / 5)
      trial.proxy.arm(after: bytes, way, mark: "settle_move_cursors")
      let stalling = Task { try await ledger.settle([commit], at: StoreDatabase.noon) }
      try await Self.eventually("a stall after \(bytes) bytes") { trial.proxy.stalls == 1 }
      let held = try await trial.heldInAPipeline("stalling")
      #expect(number > 0 || held != nil, "the server holds locks for what has come of two thirds")
      // The accounts go on, and the shard has another owner.
      async let accepting: Void = trial.acceptUntilFree(seed: 1_000)
      try await trial.settleAll()
      try await accepting
      try await Self.eventually("no lock after \(bytes) bytes") { try !trial.holdsLocks("stalling") }
      if let held { #expect(trial.reports.ended.map(\.process) == [held], "after \(bytes) bytes") }
      #expect(trial.reports.others == [], "after \(bytes) bytes")
      trial.proxy.release()
      await #expect(throws: StoreError.outcomeUnknown) { try await stalling.value }
      try await trial.settleAll()
      try await trial.expectCleanAudit()
    }
  }

  @Test func sessionsThatWorkReadOrAreNotOursStay() async throws {
    let trial = try Trial()
    func connect(_ name: String) throws -> PostgresConnection {
      try PostgresConnection(PostgresOptions(url: trial.url, applicationName: name))
    }
    let lock = "BEGIN; SELECT FROM accounts WHERE account_id = \(StoreDatabase.accounts[0].rawValue) FOR UPDATE"
    var stranger = try connect("psql")
    try stranger.execute(lock)
    var reader = try connect("buttonwood-audit")
    try reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT count(*) FROM orders")
    var idle = try connect("buttonwood-gateway")
    try idle.execute("SELECT 1")
    let working = Task {
      var connection = try connect("buttonwood-worker")
      try connection.execute(
        "BEGIN; UPDATE shard_cursors SET shard = shard WHERE shard = 0; SELECT pg_sleep(4); COMMIT")
    }
    var stopped = try connect("buttonwood-operator")
    let pid = stopped.backendPID
    try stopped.execute(
      lock.replacing("\(StoreDatabase.accounts[0].rawValue)", with: "\(StoreDatabase.accounts[1].rawValue)"))
    let looking = trial.session(trial.url, "gateway")
    try await Self.eventually("the one that stopped is ended") {
      await SessionGuard(patience: .seconds(1), report: trial.reports.report).end(over: looking)
      return !trial.reports.ended.isEmpty
    }
    #expect(trial.reports.ended.map(\.process) == [pid])
    #expect(trial.reports.ended.first?.wait == "ClientRead")
    #expect(trial.reports.others == [])
    try await working.value
    for _ in 0..<3 { await SessionGuard(patience: .seconds(1), report: trial.reports.report).end(over: looking) }
    #expect(trial.reports.ended.count == 1)
    try stranger.execute("COMMIT")
    try reader.execute("COMMIT")
    try idle.execute("SELECT 1")
    #expect(throws: PostgresError.self) { try stopped.execute("COMMIT") }
  }
}
