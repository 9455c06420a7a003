import Glibc
import Postgres
import TestKit
import Testing

/// Tables of days and changes of the schema while somebody reads for long.
extension FaultRow {
  static let dayTables: [FaultRow] = [
    FaultRow(
      number: 47, name: "days' tables made and migrations run while a dump reads for \(dumpSeconds) s",
      topology: .postgres, after: .seconds(1)
    ) { stand in
      try await stand.makeDaysBesideADump()
    }
  ]

  /// How long the dump reads; some more shows no more.
  fileprivate static let dumpSeconds = variable("BUTTONWOOD_FAULT_DEEP") == nil ? 10 : 60
}

extension FaultStand {
  /// Leaders, programs of the version before and `migrate` make tables while a dump holds its locks on every table. Counts
  /// the orders of each second.
  fileprivate func makeDaysBesideADump() async throws {
    var connection = try stack.postgres.connect()
    try dropComingDays(&connection)
    var dump = try stack.postgres.connect()
    try dump.execute("SET application_name = 'dump'; BEGIN ISOLATION LEVEL REPEATABLE READ")
    for parent in Self.parents { try dump.execute("SELECT FROM \(parent) LIMIT 1") }
    let begin = try number("SELECT ceil(extract(epoch FROM clock_timestamp()))")
    // A new leader looks at once.
    try await stopWorker(try await leader())
    try await addWorker()
    for second in 0..<FaultRow.dumpSeconds {
      try connection.execute(
        """
        SELECT ensure_partitions(current_date + \(10 + second), 1); SELECT ensure_market_day(current_date + \(10 + second))
        """)
      if second % 3 == 0 {
        let (status, text) = try await stack.run(["migrate"])
        #expect(status == 0, "\(text)")
      }
      try await Task.sleep(for: .seconds(1))
    }
    _ = try await eventually("a week of tables") { try self.number("SELECT days_ahead(7)") == 7 ? true : nil }
    let end = try number("SELECT floor(extract(epoch FROM clock_timestamp()))")
    try dump.execute("COMMIT")
    let idle = try number(
      """
      SELECT count(*) FROM generate_series(\(begin), \(end - 1)) AS second WHERE NOT EXISTS (
        SELECT FROM command_log WHERE accepted_at >= to_timestamp(second) AND accepted_at < to_timestamp(second + 1))
      """)
    #expect(idle == 0, "\(idle) of \(end - begin) seconds without an accepted order")
  }

  private static let parents = ["orders", "command_log", "trades", "minute_bars", "order_events", "quotes"]

  /// Takes the tables of the coming days away, where traders do not notice it.
  private func dropComingDays(_ connection: inout PostgresConnection) throws {
    try connection.execute(
      """
      DO $$
      DECLARE
        name text;
      BEGIN
        FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE c.relname ~ '_[0-9]{8}$' AND right(c.relname, 8) > to_char(current_date + 1, 'YYYYMMDD')
        LOOP
          EXECUTE format('DROP TABLE %I', name);
          COMMIT;
        END LOOP;
      END
      $$
      """)
  }
}
