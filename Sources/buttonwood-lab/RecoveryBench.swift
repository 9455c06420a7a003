internal import Engine
internal import Glibc
internal import LabKit
internal import Lifecycle
internal import Market
internal import Ports
internal import Postgres
internal import PostgresStore
internal import Services
internal import Sharding

/// `bench recovery`: how long it takes until a shard with very many open orders can be worked, and how long another shard
/// that is claimed meanwhile waits.
enum RecoveryBench {
  struct Options {
    var url: String
    var orders: Int
    var days: Int
    var json: Bool

    init(_ arguments: [String]) throws(CommandLineExit) {
      var line = CommandLineOptions(
        "buttonwood-lab bench recovery",
        """
        Fills a shard with open orders, set by set and without a log, then claims it, reads its book and rebuilds it; \
        meanwhile claims another shard again and again. The orders are not covered by money: the database is for nothing \
        else afterwards.

        It wants a server of its own: it makes and drops the database recovery.
        """, arguments)
      url = line.requiredText(
        "database-url", "URL", variable: .named("DATABASE_URL"),
        help: "A database of the server, in whose place another is made.")
      orders = line.integer(
        "orders", default: 1_000_000, in: 100...100_000_000, variable: .none, help: "Open orders of the shard.")
      days = line.integer("days", default: 3, in: 1...365, variable: .none, help: "Days that they are of.")
      json = line.flag("json", help: "Prints JSON.")
      try line.finish()
    }
  }

  static func run(_ arguments: [String]) async -> Int32 {
    let options: Options
    do throws(CommandLineExit) { options = try Options(arguments) } catch { return error.report() }
    do {
      try await measure(options)
      return 0
    } catch {
      Console.write("buttonwood-lab bench recovery: \(error)\n", to: .error)
      return 1
    }
  }

  private static func measure(_ options: Options) async throws {
    var server = try PostgresConnection(StoreSettings.analysis(url: options.url, role: "lab"))
    try server.execute("DROP DATABASE IF EXISTS recovery")
    try server.execute("CREATE DATABASE recovery")
    let url = AgeRun.url(options.url, of: "recovery")
    try fill(url, options)
    func session(_ name: String) -> PostgresSession {
      PostgresSession(StoreSettings.ledger(url: url, role: "lab"), name: name)
    }
    let sessions = [session("claim"), session("recover"), session("recover-half")]
    let ledger = PostgresSettlementLedger(
      session: sessions[0], deepSession: sessions[1], halfSession: sessions[2])
    let isOver = Lock(false)
    let others = Task {
      var longest = Duration.zero
      var count = 0
      while !isOver.withLock({ $0 }) {
        let begun = ContinuousClock.now
        _ = try await ledger.claim(Shard(rawValue: 1), owner: WorkerID(rawValue: "lab"), nonce: UInt64(count) + 1)
        _ = try await ledger.books(of: [Shard(rawValue: 1)])
        longest = max(longest, ContinuousClock.now - begun)
        count += 1
        try await Task.sleep(for: .milliseconds(20))
      }
      return (longest, count)
    }
    let begun = ContinuousClock.now
    _ = try await ledger.claim(Shard(rawValue: 0), owner: WorkerID(rawValue: "lab"), nonce: 1)
    let books = try await ledger.books(of: [Shard(rawValue: 0)])
    let read = ContinuousClock.now - begun
    let open = try books.map { try ShardEngine($0).openCount }.reduce(0, +)
    let ready = ContinuousClock.now - begun
    isOver.withLock { $0 = true }
    let (longest, count) = try await others.value
    for session in sessions { await session.disconnect() }
    try server.execute("DROP DATABASE recovery")
    guard open == options.orders else { throw RecoveryShortfall(found: open, wanted: options.orders) }
    let rows: [(name: String, value: Int64)] = [
      ("orders", Int64(open)), ("read_ms", milliseconds(read)), ("rebuilt_ms", milliseconds(ready)),
      ("others_claimed", Int64(count)), ("others_longest_ms", milliseconds(longest)),
    ]
    guard !options.json else {
      let fields = [("bench", JSONText.string("recovery"))] + rows.map { ($0.name, .integer($0.value)) }
      return Console.write(JSONText.object(fields).text + "\n")
    }
    var table = TextTable([.left("recovery"), .right("")])
    for row in rows { table.add([row.name, "\(row.value)"]) }
    Console.write(table.text)
  }

  private static func milliseconds(_ duration: Duration) -> Int64 { Int64(duration / .milliseconds(1)) }

  /// Orders of 100 instruments and 1,000 accounts, bids below and offers above a price, from the last days.
  private static func fill(_ url: String, _ options: Options) throws {
    var connection = try PostgresConnection(StoreSettings.analysis(url: url, role: "lab"))
    _ = try Migrator.run(&connection, shards: 2)
    _ = try Partitions.make(&connection, from: -Int32(options.days), days: Int32(options.days))
    try connection.execute(
      """
      INSERT INTO instruments (symbol, name, shard)
        SELECT 'REC' || chr(65 + n / 26) || chr(65 + n % 26), 'Recovery ' || n, 0 FROM generate_series(0, 99) AS n;
      INSERT INTO accounts (public_id, name, cash)
        SELECT gen_random_uuid(), 'recovery', 0 FROM generate_series(1, 1000);
      INSERT INTO orders
        SELECT 100000001 + n % 1000, (lpad(to_hex(ms), 12, '0') || '70008' || lpad(to_hex(n), 11, '0') || '0000')::uuid,
          1 + n % 100, 0, n / 100 % 2, 0, 1, 0, false, true, 0, 0, n, n,
          1000000 + CASE n / 100 % 2 WHEN 0 THEN -100 ELSE 100 END * (1 + n % 997), 100, 0, 0, now(), NULL, NULL, NULL,
          'recovery-' || n
        FROM generate_series(1, \(options.orders)) AS n
        CROSS JOIN LATERAL (
          SELECT (extract(epoch FROM now()) * 1000)::bigint
            - (\(options.orders) - n)::bigint * \(options.days) * 86400000 / \(options.orders) AS ms) AS moment;
      UPDATE shard_logs SET last_sequence = \(options.orders) WHERE shard = 0;
      UPDATE shard_cursors SET processed_sequence = \(options.orders) WHERE shard = 0;
      ANALYZE
      """)
    try connection.execute("VACUUM")
    try connection.execute("CHECKPOINT")
  }
}

/// Not all orders were found.
private struct RecoveryShortfall: Error, CustomStringConvertible {
  let found: Int
  let wanted: Int

  var description: String { "\(found) open orders were read of \(wanted)" }
}
