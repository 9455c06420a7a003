internal import Market
public import Ports
public import Postgres

/// Tells what the database knows of the exchange's health, over one connection.
public struct PostgresHealthReader: HealthReader, SchemaReader {
  private let session: PostgresSession

  /// Reads over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { self.session = session }

  package func schema() async throws(StoreError) -> SchemaState {
    do throws(PostgresError) {
      let rows = try await read([PostgresCall(HealthStatements.schema)])[0]
      return SchemaState(applied: (0..<rows.count).map { rows.int4($0, 0) }, known: Migrator.steps)
    } catch {
      guard error.state == Self.undefinedTable else { throw StoreError(error) }
      return .missing
    }
  }

  /// The schema first: what it lacks need not be asked for.
  public func health() async throws(StoreError) -> DatabaseHealth {
    var health = DatabaseHealth(schema: try await schema())
    guard health.schema.isUsable else { return health }
    do throws(PostgresError) {
      let answers = try await read([
        PostgresCall(HealthStatements.server), PostgresCall(HealthStatements.halts),
        PostgresCall(PartitionStatements.ahead, [.int4(Int32(Partitions.daysAhead))]),
      ])
      health.now = answers[0].moment(0, 0)
      health.standbys = Self.standbys(answers[0])
      health.halts = (0..<answers[1].count).map { row in
        .init(symbol: answers[1].text(row, 0), reason: answers[1].text(row, 1), since: answers[1].moment(row, 2))
      }
      health.daysAhead = Int(answers[2].int4(0, 0))
    } catch {
      throw StoreError(error)
    }
    return health
  }

  /// SQLSTATE undefined_table (PostgreSQL 15, appendix A).
  private static let undefinedTable = "42P01"

  private static func standbys(_ rows: PostgresRows) -> DatabaseHealth.Standbys? {
    let needed = SynchronousStandbys.needed(rows.text(0, 1))
    guard needed > 0, !rows.isNull(0, 2) else { return nil }
    return .init(needed: needed, following: Int(rows.int8(0, 2)))
  }

  private func read(_ calls: [PostgresCall]) async throws(PostgresError) -> [PostgresRows] {
    do {
      return try await session.use { (connection) throws(PostgresError) in try connection.pipeline(calls) }
    } catch .connectionLost {
      // A connection that died while idle: reading again is harmless.
      return try await session.use { (connection) throws(PostgresError) in try connection.pipeline(calls) }
    }
  }
}

/// PostgreSQL's list of standbys that commits wait for.
enum SynchronousStandbys {
  /// How many a commit waits for: `FIRST 2 (a, b, c)`, `ANY 1 (a, b)`, `2 (a, b)`, or names alone, of which one counts.
  ///
  /// Source: PostgreSQL 15, 20.6.2 (synchronous_standby_names).
  static func needed(_ setting: String) -> Int {
    let words = setting.split { $0.isWhitespace || $0 == "(" }
    guard let first = words.first else { return 0 }
    let isCounted = setting.contains("(")
    guard isCounted else { return 1 }
    let count = ["first", "any"].contains(first.lowercased()) ? words.dropFirst().first : first
    return count.flatMap { Int($0) } ?? 1
  }
}
