package import Market
package import Ports
package import Postgres

/// The market's day in PostgreSQL, as operators drive it.
package struct MarketAdministration: MarketOperations {
  private let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  /// - Parameter actor: Who makes the changes.
  package init(session: PostgresSession, actor: AdminActor = .process) {
    database = AdministrationSession(session: session, actor: actor)
  }

  package func status() async throws(AdministrationError) -> MarketStatus {
    try await database.read { (connection) throws(PostgresError) in
      let rows = try connection.pipeline([
        PostgresCall(MarketDayStatements.clock), PostgresCall(MarketDayStatements.phases),
      ])
      var phases: [PhaseCount] = []
      for row in 0..<rows[1].count {
        phases.append(
          PhaseCount(
            phase: InstrumentPhase(try MarketClockRows.point(rows[1], row, 0), isHalted: rows[1].bool(row, 2)),
            instruments: rows[1].int8(row, 3), awaiting: rows[1].int8(row, 4), clearing: rows[1].int8(row, 5)))
      }
      return .done(MarketStatus(clock: try MarketClockRecord(rows[0]), phases: phases))
    }
  }

  package func aim(at stage: SessionStage, today: Day) async throws(AdministrationError) -> MarketAim {
    let action = AdminAction("market \(stage.word)", target: "market")
    return try await database.change(action) {
      (connection) throws(PostgresError) -> AdministrationSession.Ending<MarketAim> in
      _ = try connection.query(PostgresCall(MarketDayStatements.lockClock))
      let clock = try MarketClockRecord(try connection.query(PostgresCall(MarketDayStatements.clock)))
      let aim: MarketAim
      switch MarketAim.judged(stage, from: clock, today: today) {
      case .success(let judged): aim = judged
      case .failure(let refusal): return .refused(refusal.text)
      }
      guard !aim.isRepeat else { return .done(aim, outcome: AdministrationSession.unchanged) }
      _ = try connection.query(PostgresCall(MarketDayStatements.aim, MarketClockRows.parameters(aim.target)))
      return .done(aim, outcome: "to come to \(aim.target)")
    }
  }
}

extension MarketClockRecord {
  fileprivate init(_ rows: PostgresRows) throws(PostgresError) { self = try MarketClockRows.record(rows) }
}
