import Accounting
import Lifecycle
import Market
import Ports
import Sharding
import Postgres
import TestKit
import Testing

@testable import PostgresStore

/// Days' tables: who makes them, when, and that nobody waits for it.
struct DayTableTests {
  let url: String

  init() throws { url = try StoreDatabase.make() }

  private static var today: Day { Timestamp(rawValue: HostClock.microsecondsSinceEpoch()).day }

  private func connect(_ name: String = "tests") throws -> PostgresConnection {
    try PostgresConnection(PostgresOptions(url: url, applicationName: name))
  }

  /// Reads and writes all days, as a dump and a settlement would that go on and on.
  private static let useAll = """
    BEGIN;
    \(Partitions.parents.map { "SELECT FROM \($0) LIMIT 1;" }.joined(separator: "\n"))
    DELETE FROM orders WHERE account_id = 0; DELETE FROM command_log WHERE shard = -1; DELETE FROM trades WHERE shard = -1;
    DELETE FROM minute_bars WHERE instrument_id = 0; DELETE FROM order_events WHERE shard = -1;
    DELETE FROM quotes WHERE instrument_id = 0;
    """

  @Test func tablesAreMadeWhileEveryTableIsReadAndWritten() async throws {
    var other = try connect()
    try other.execute(Self.useAll)
    var maker = try connect()
    #expect(try Partitions.make(&maker, from: 8, days: 2) == 2 * Partitions.parents.count)
    // So does what programs of the version before call.
    try maker.execute("SET lock_timeout = '1s'; SELECT ensure_partitions(current_date + 10, 3)")
    try maker.execute("SELECT ensure_market_day(current_date + 12)")
    #expect(try Partitions.make(&maker, from: -1, days: 14) == 0)
    try other.execute("COMMIT")
  }

  @Test func whatIsMadeIsWhatThePartitionsOfTheParentWouldBe() throws {
    var connection = try connect()
    try connection.execute(
      """
      CREATE ROLE reader_of_days;
      GRANT SELECT ON orders TO reader_of_days; GRANT UPDATE (pending) ON orders TO reader_of_days
      """)
    _ = try Partitions.make(&connection, from: 8, days: 1)
    for parent in Partitions.parents {
      let made =
        "(SELECT inhrelid FROM pg_inherits WHERE inhparent = '\(parent)'::regclass ORDER BY inhrelid DESC LIMIT 1)"
      // Columns by their place: statements send rows of the parent's type to a day's table.
      let columns = { (table: String) in
        "SELECT string_agg(attname || atttypid || attnotnull, ',' ORDER BY attnum) FROM pg_attribute "
          + "WHERE attrelid = \(table) AND attnum > 0"
      }
      #expect(try StoreDatabase.text(url, columns(made)) == StoreDatabase.text(url, columns("'\(parent)'::regclass")))
      let indexes = try StoreDatabase.integer(
        url,
        """
        SELECT count(*) FROM pg_index i WHERE i.indrelid = '\(parent)'::regclass AND NOT EXISTS (
          SELECT FROM pg_inherits c JOIN pg_index l ON l.indexrelid = c.inhrelid
          WHERE c.inhparent = i.indexrelid AND l.indrelid = \(made) AND l.indisvalid)
        """)
      #expect(indexes == 0, "\(parent) has an index that its day lacks")
    }
    let day = try #require(
      try StoreDatabase.text(url, "SELECT to_char(now() AT TIME ZONE 'UTC' + interval '8 days', 'YYYYMMDD')"))
    for (right, table) in [("SELECT", "orders_\(day)"), ("SELECT", "trades_\(day)")] {
      let may = try StoreDatabase.text(
        url, "SELECT has_table_privilege('reader_of_days', '\(table)', '\(right)')::text")
      #expect(may == "\(table.hasPrefix("orders"))")
    }
    #expect(
      try StoreDatabase.text(
        url, "SELECT has_column_privilege('reader_of_days', 'orders_\(day)', 'pending', 'UPDATE')::text") == "true")
    try connection.execute("DROP OWNED BY reader_of_days; DROP ROLE reader_of_days")
  }

  @Test func aDayThatIsMadeInPartIsCompleted() throws {
    var connection = try connect()
    let days = Int32(Partitions.daysAhead)
    #expect(try Self.ahead(url) == 7)
    // In the order in which they are made, a day's orders come last: until then nothing of the day is accepted.
    let missing = { try Partitions.missing(&connection, from: -1, days: days + 3).tables.map(\.parent) }
    #expect(try missing() == Partitions.parents.reversed())
    for made in 0..<Partitions.parents.count {
      let rest = Array(Partitions.parents.reversed().dropFirst(made))
      #expect(try missing() == rest)
      _ = try connection.query(Partitions.call(Partitions.missing(&connection, from: -1, days: days + 3).tables[0]))
    }
    #expect(try missing() == [])
    // A table of trades from before there were bars lacks what keeps them.
    let today = Self.today.compact
    try connection.execute("DROP TRIGGER keep_minute_bars ON trades_\(today)")
    #expect(try Self.ahead(url) == -1)
    #expect(try missing() == ["trades"])
    #expect(try Partitions.make(&connection, days: 2) == 1)
    #expect(try missing() == [])
    try connection.execute("DROP TABLE order_events_\(Self.today.advanced(by: 3).compact)")
    #expect(try Self.ahead(url) == 2)
  }

  private static func ahead(_ url: String) throws -> Int? {
    try StoreDatabase.integer(url, "SELECT days_ahead(7)")
  }

  /// Whoever makes tables and is held up holds nothing that others wait for: one parent at a time, and in a mode that
  /// neither reading nor writing conflicts with.
  @Test(arguments: Partitions.parents) func whoWaitsForATableHoldsUpNobody(parent: String) async throws {
    var holder = try connect()
    try holder.execute("BEGIN; LOCK TABLE \(parent) IN SHARE UPDATE EXCLUSIVE MODE")
    let url = url
    let made = Task {
      try await StoreDatabase.session(url).use { (connection) throws(PostgresError) in
        try connection.execute("SET application_name = 'maker'")
        // Each try gives up after half a second.
        for _ in 0..<120 {
          do throws(PostgresError) {
            return try Partitions.make(&connection, from: 8, days: 1)
          } catch {
            guard error.isConflict else { throw error }
          }
        }
        return -1
      }
    }
    let waits = """
      SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE a.application_name = 'maker' AND a.datname = current_database() AND l.relation = '\(parent)'::regclass
        AND NOT l.granted AND l.mode = 'ShareUpdateExclusiveLock'
      """
    var others: String?
    while others == nil {
      if try StoreDatabase.integer(url, waits) == 1 {
        others = try StoreDatabase.text(
          url,
          """
          SELECT coalesce(string_agg(l.relation::regclass || ' ' || l.mode, ', '), 'none')
          FROM pg_locks l JOIN pg_stat_activity a USING (pid)
          WHERE a.application_name = 'maker' AND a.datname = current_database() AND l.granted
            AND l.relation IN (\(Partitions.parents.map { "'\($0)'::regclass" }.joined(separator: ", ")))
            AND (l.mode <> 'AccessShareLock' OR l.relation <> '\(parent)'::regclass)
          """)
      } else {
        try await Task.sleep(for: .milliseconds(5))
      }
    }
    #expect(others == "none")
    try holder.execute("COMMIT")
    #expect(try await made.value > 0)
    #expect(try StoreDatabase.integer(url, "SELECT days_ahead(8)") == 8)
  }

  @Test func theLeaderMakesThemWithinItsTermAlone() async throws {
    let ledger = PostgresTermStore(session: StoreDatabase.session(url))
    let first = try await ledger.elect(WorkerID(rawValue: "a"), nonce: 1)
    #expect(try await ledger.keepDays(first) == DaysKept(made: 0, left: 0, ahead: 7))
    var connection = try connect()
    let today = Self.today
    for parent in Partitions.parents { try connection.execute("DROP TABLE \(parent)_\(today.compact)") }
    let second = try await ledger.elect(WorkerID(rawValue: "b"), nonce: 2)
    #expect(try await ledger.keepDays(first) == nil)
    #expect(try Self.ahead(url) == -1)
    #expect(try await ledger.keepDays(second) == DaysKept(made: 6, left: 0, ahead: 7))
  }

  @Test func ordersForADayWithoutTablesAreUnavailableUntilTheyAreThere() async throws {
    let ledger = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    var orders = TestOrders(seed: 3)
    let day = StoreDatabase.noon.day.compact
    var connection = try connect()
    try connection.execute("DROP TABLE orders_\(day)")
    let request = orders.place(.buy, 1, at: 100)
    await #expect {
      try await ledger.accept([request], now: StoreDatabase.noon)
    } throws: { error in
      guard case .unavailable(.schema, let reason)? = error as? StoreError else { return false }
      return reason.contains("orders_\(day) is missing")
    }
    #expect(try Partitions.make(&connection, days: 3) == 1)
    let answers = try await ledger.accept([request], now: StoreDatabase.noon).answers
    guard case .accepted = answers[0] else {
      Issue.record("\(answers)")
      return
    }
  }

  @Test func theListOfParentsIsTheSchemas() throws {
    let list = try StoreDatabase.text(url, "SELECT string_agg(parent, ' ' ORDER BY place) FROM day_parents()")
    #expect(list == Partitions.parents.joined(separator: " "))
    let partitioned = try StoreDatabase.text(
      url, "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'p'")
    #expect(
      partitioned == Partitions.parents.sorted().joined(separator: " "), "a partitioned table nobody makes days of")
  }

  // MARK: The hour

  @Test func todayIsMadeAtOnceAndTheComingDaysNotShortlyAfterMidnight() {
    let today = Day(rawValue: 20_000)
    let missing = (-1...1).flatMap { offset in
      ["trades", "orders"].map { DayTable($0, of: Day(rawValue: today.rawValue + offset)) }
    }
    func due(_ minutes: Int64) -> [String] {
      let midnight = Timestamp(rawValue: Int64(today.rawValue) * 86_400_000_000)
      return DayTablePlan.due(missing, at: midnight.advanced(byMicroseconds: minutes * 60_000_000)).map(\.description)
    }
    #expect(due(0) == ["trades_20241004", "orders_20241004"])
    #expect(due(9) == due(0))
    #expect(
      due(10) == [
        "trades_20241004", "orders_20241004", "trades_20241005", "orders_20241005", "trades_20241003",
        "orders_20241003",
      ])
    #expect(due(1439) == due(10))
    let many = (1...9).map { DayTable("orders", of: Day(rawValue: today.rawValue + $0)) }
    let noon = Timestamp(rawValue: Int64(today.rawValue) * 86_400_000_000 + 43_200_000_000)
    #expect(DayTablePlan.due(many + many, at: noon).count == DayTablePlan.portion)
  }
}
