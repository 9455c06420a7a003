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

/// Programs connect as roles that may do what they need, and nothing else.
struct DatabaseRightsTests {
  let url: String

  init() throws {
    url = try StoreDatabase.make()
    var owner = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    let report = try Migrator.run(&owner, shards: nil, makesRoles: true)
    #expect(report.givesRights)
  }

  private func url(_ role: DatabaseRole) -> String { url.replacing("user=postgres", with: "user=\(role.rawValue)") }

  private func session(_ role: DatabaseRole) -> PostgresSession {
    PostgresSession(StoreSettings.ledger(url: url(role), role: "tests"), name: "tests")
  }

  /// Everything that a role of the exchange does every day.
  @Test func rolesDoTheirWork() async throws {
    var orders = TestOrders(seed: 1)
    let entry = PostgresAcceptanceLedger(session: session(.gateway))
    let batch = try await entry.accept(
      [orders.place(.sell, 10, at: 100, account: 1), orders.place(.buy, 4, at: 101), orders.place(.buy, 1, at: 90)],
      now: StoreDatabase.noon)
    let ledger = PostgresSettlementLedger(session: session(.worker))
    let shard = Shard(rawValue: 0)
    var ownership = try await SettlementLedgerTests.claim(ledger, shard)
    let commit = try await SettlementLedgerTests.commit(ledger, ownership)
    #expect(try await ledger.settle([commit], at: StoreDatabase.noon) == .committed)
    ownership.processed = commit.settlement.through
    guard case .accepted(let open) = batch.answers[2] else { throw Unexpected() }
    #expect(try await entry.accept([orders.cancel(open.id)], now: StoreDatabase.noon).answers == [.cancelAccepted])
    try await SettlementLedgerTests.settle(ledger, ownership)
    let leader = PostgresTermStore(session: session(.worker))
    let leadership = try await leader.elect(WorkerID(rawValue: "w"), nonce: 1)
    // Also the tables of days that are not there yet: they are made as their owner, with the rights of the others.
    #expect(try await leader.keepDays(leadership) != nil)
    let day = try lastDay
    for parent in Self.parents {
      try await AdministrationDatabase.owner(url).use { (connection) throws(PostgresError) in
        try connection.execute("DROP TABLE \(parent)_\(day)")
      }
      try await session(.worker).use { (connection) throws(PostgresError) in
        try connection.execute("SELECT make_day_table('\(parent)', to_date('\(day)', 'YYYYMMDD'))")
      }
    }
    #expect(try granted("trades_\(day)", .worker, "INSERT"))
    #expect(try granted("trades_\(day)", .reader, "SELECT"))
    #expect(try !granted("trades_\(day)", .gateway, "INSERT"))
    let administration = AccountAdministration(session: session(.operator))
    _ = try await administration.create(name: "Ann", cash: .dollars(10))
    let audit = try await Audit(sampleLimit: 100).run(session(.reader), replay: true)
    #expect(audit.isClean, "\(AuditPrinter.text(audit))")
  }

  struct Unexpected: Error {}

  @Test(arguments: [
    (
      DatabaseRole.gateway,
      [
        // It neither settles nor moves cash.
        "UPDATE accounts SET cash = cash + 1", "UPDATE shard_cursors SET processed_sequence = 1",
        "SELECT move_cursors(ARRAY[(0, 0, 0, 0, 0)::shard_fence], now())", "UPDATE positions SET quantity = 1",
        "INSERT INTO trades SELECT * FROM trades", "INSERT INTO order_events SELECT * FROM order_events",
        "UPDATE orders SET filled = quantity", "DELETE FROM orders", "UPDATE command_log SET price = 1",
        "DELETE FROM command_log", "DELETE FROM order_keys", "SELECT hold_term(0, 0)",
        "INSERT INTO accounts (public_id, name) VALUES (gen_random_uuid(), 'x')",
        "INSERT INTO api_keys (key_id, account_id, secret_hash) SELECT 'x', account_id, sha256('x') FROM accounts LIMIT 1",
        "UPDATE api_keys SET revoked_at = NULL", "INSERT INTO journals (kind) VALUES ('deposit')",
        "UPDATE leadership SET term = term + 1", "UPDATE instruments SET halt_reason = NULL",
        "INSERT INTO admin_log (action_id, actor, action, target, arguments, outcome) SELECT gen_random_uuid(), '', '', '', '{}', ''",
      ]
    ),
    (
      .worker,
      [
        // It neither makes accounts and keys nor sees secrets.
        "INSERT INTO accounts (public_id, name) VALUES (gen_random_uuid(), 'x')", "UPDATE accounts SET status = 0",
        "INSERT INTO api_keys (key_id, account_id, secret_hash) SELECT 'x', account_id, sha256('x') FROM accounts LIMIT 1",
        "SELECT secret_hash FROM api_keys", "UPDATE api_keys SET revoked_at = NULL", "DELETE FROM command_log",
        "UPDATE command_log SET price = 1", "INSERT INTO order_keys SELECT * FROM order_keys",
        "INSERT INTO journals (kind) VALUES ('deposit')", "DELETE FROM trades", "UPDATE trades SET price = 1",
        "DELETE FROM order_events", "DELETE FROM shard_cursors", "UPDATE instruments SET symbol = symbol",
        "INSERT INTO order_bounds (account_id, max_quantity) VALUES (1, 1)",
      ]
    ),
    (
      .operator,
      [
        "UPDATE shard_cursors SET epoch = epoch + 1", "INSERT INTO trades SELECT * FROM trades",
        "UPDATE orders SET filled = quantity", "UPDATE journal_lines SET amount = 0", "DELETE FROM journals",
        "DELETE FROM command_log", "DELETE FROM accounts", "UPDATE leadership SET term = term + 1",
      ]
    ),
    (
      .reader,
      [
        "SELECT secret_hash FROM api_keys", "SELECT * FROM api_keys", "UPDATE accounts SET name = name",
        "SELECT FROM accounts FOR UPDATE", "INSERT INTO order_bounds (account_id, max_quantity) VALUES (1, 1)",
        "DELETE FROM orders", "SELECT end_stalled_sessions('1 hour')",
        "SELECT move_cursors(ARRAY[(0, 0, 0, 0, 0)::shard_fence], now())",
        "SELECT ensure_partitions(current_date, 1)",
      ]
    ),
  ])
  func rolesDoNothingElse(role: DatabaseRole, statements: [String]) throws {
    let everybody = [
      "UPDATE admin_log SET actor = 'x'", "DELETE FROM admin_log", "TRUNCATE admin_log",
      "ALTER TABLE admin_log DISABLE TRIGGER admin_log_is_appended_to",
      "DROP TRIGGER admin_log_is_appended_to ON admin_log",
      "ALTER TABLE admin_log DISABLE TRIGGER ALL", "SET session_replication_role = replica",
      "CREATE OR REPLACE FUNCTION refuse_change_of_admin_log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
      "CREATE TABLE mine (n integer)", "ALTER TABLE accounts DROP CONSTRAINT accounts_never_overdrawn",
      "DROP TABLE trades", "TRUNCATE trades",
      "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'", "SET ROLE postgres",
      "UPDATE schema_migrations SET name = name", "INSERT INTO schema_migrations (version, name) VALUES (999, 'x')",
    ]
    var connection = try PostgresConnection(PostgresOptions(url: url(role), applicationName: "tests"))
    for statement in statements + everybody {
      do throws(PostgresError) {
        try connection.execute(statement)
        Issue.record("\(role) may \(statement)")
      } catch {
        // What needs the owner is refused with the same state, whatever the table's owner is called.
        #expect(error.isRefusedForLackOfRights, "\(role): \(statement): \(error)")
      }
    }
  }

  /// Nothing in the schema is without rights of its own: whoever adds a table or a function with its owner's rights says who
  /// may use it.
  @Test func theListsNameAllTablesAndFunctions() throws {
    let tables = try names(
      """
      SELECT relname::text FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition
      """)
    #expect(tables.subtracting(TableRights.all.map(\.table)) == [], "add them to TableRights.all")
    #expect(Set(TableRights.all.map(\.table)).count == TableRights.all.count)
    let functions = try names(
      "SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef")
    #expect(functions.subtracting(FunctionRights.names) == [], "add them to FunctionRights.all")
    #expect(functions.contains("end_stalled_sessions"))
    let open = try names(
      """
      SELECT p.proname::text FROM pg_proc p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef AND a.grantee = 0
      """)
    #expect(open == [], "anybody may call them with their owner's rights")
  }

  /// An owner that is no superuser makes the roles, gives them their rights, and may end their sessions.
  @Test func anOwnerWithoutPrivilegesMakesRolesAndEndsTheirSessions() async throws {
    let owner = "owner_\(UInt32.random(in: 0 ... .max))"
    var superuser = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    try superuser.execute("CREATE ROLE \(owner) LOGIN CREATEROLE")
    try superuser.execute("CREATE DATABASE \(owner) OWNER \(owner)")
    let home = try PostgresServer.shared().url(of: owner).replacing("user=postgres", with: "user=\(owner)")
    var connection = try PostgresConnection(PostgresOptions(url: home, applicationName: "tests"))
    _ = try Migrator.run(&connection, shards: 2, makesRoles: true)
    // Later runs keep the rights without being asked.
    try connection.execute("REVOKE ALL ON trades FROM buttonwood_worker")
    #expect(try Migrator.run(&connection, shards: nil).givesRights)
    func role(_ role: DatabaseRole) -> String { home.replacing("user=\(owner)", with: "user=\(role.rawValue)") }
    var stopped = try PostgresConnection(
      PostgresOptions(url: role(.worker), applicationName: "buttonwood-worker"))
    try stopped.execute("BEGIN; UPDATE shard_cursors SET processed_at = processed_at WHERE shard = 0")
    let pid = stopped.backendPID
    let events = Events()
    let looking = PostgresSession(StoreSettings.ledger(url: role(.gateway), role: "gateway"), name: "tests")
    for _ in 0..<600 {
      guard events.all.isEmpty else { break }
      await SessionGuard(patience: .seconds(1)) { event in events.add(event) }.end(over: looking)
      try await Task.sleep(for: .milliseconds(50))
    }
    guard case .ended(let session)? = events.all.first else {
      Issue.record("\(events.all)")
      return
    }
    #expect(session.process == pid && session.role == "buttonwood_worker")
    try connection.execute("REVOKE buttonwood_worker FROM \(owner)")
    var other = try PostgresConnection(PostgresOptions(url: role(.worker), applicationName: "buttonwood-worker"))
    try other.execute("SELECT 1")
    await SessionGuard { event in events.add(event) }.end(over: looking)
    #expect(events.all.last == .beyondReach(role: "buttonwood_worker"), "who cannot be ended is told of")
  }

  private func names(_ sql: String) throws -> Set<String> {
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    let rows = try connection.query(PostgresCall(PostgresStatement("names", sql)))
    return Set((0..<rows.count).map { rows.text($0, 0) })
  }

  private func granted(_ table: String, _ role: DatabaseRole, _ privilege: String) throws -> Bool {
    try StoreDatabase.text(url, "SELECT has_table_privilege('\(role.rawValue)', '\(table)', '\(privilege)')::text")
      == "true"
  }

  /// The suffix of the last day that stands ready.
  private var lastDay: String {
    get throws {
      try #require(
        try StoreDatabase.text(
          url,
          """
          SELECT right(max(c.relname::text), 8) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = 'trades'::regclass
          """))
    }
  }

  /// Whose days have tables of their own.
  private static let parents = ["orders", "command_log", "trades", "minute_bars", "order_events", "quotes"]
}

/// What a guard reported.
private final class Events: Sendable {
  private let events = Lock<[StalledSessionEvent]>([])
  var all: [StalledSessionEvent] { events.withLock { $0 } }
  func add(_ event: StalledSessionEvent) { events.withLock { $0.append(event) } }
}
