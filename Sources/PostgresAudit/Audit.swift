package import Ports
package import Postgres

/// Checks every invariant of the design on a database, live or not, in one consistent snapshot.
///
/// The database does the sets, with its own bounds on memory; this side reads violations and replays in portions. It locks
/// nothing and writes nothing.
package struct Audit: Sendable {
  /// Violations kept per check; all are counted.
  package var sampleLimit: Int

  /// An audit that keeps the first `sampleLimit` violations of each check.
  package init(sampleLimit: Int = 20) { self.sampleLimit = sampleLimit }

  /// Runs all checks.
  /// - Parameters:
  ///   - session: Make it with ``StoreSettings/analysis(url:role:)``.
  ///   - replay: Whether the logs are matched again and compared with what was recorded.
  ///   - report: Told how far it is, on the session's thread.
  /// - Throws: ``PostgresError`` when the database is away or has another schema. What is wrong inside it is no error.
  package func run(
    _ session: PostgresSession, replay: Bool, report: @escaping @Sendable (AuditProgress) -> Void = { _ in }
  ) async throws(PostgresError) -> AuditReport {
    try await session.use { (connection) throws(PostgresError) in
      try connection.execute(AuditStatements.begin)
      var results: [AuditResult] = []
      let total = AuditCheck.all.count + (replay ? 2 : 1)
      for (index, check) in AuditCheck.all.enumerated() {
        var progress = AuditProgress(id: check.id, title: check.title, place: index + 1, total: total, toCheck: 0)
        results.append(
          try run(check, &connection) { checked in
            progress.toCheck = checked
            report(progress)
          })
      }
      var costs = AuditProgress(
        id: CostAudit.id, title: CostAudit.title, place: AuditCheck.all.count + 1, total: total, toCheck: 0)
      results.append(
        try CostAudit(sampleLimit: sampleLimit).run(&connection) { checked in
          costs.toCheck = checked
          report(costs)
        })
      if replay {
        results += try ReplayAudit(sampleLimit: sampleLimit).run(&connection, after: results) { done, all in
          report(
            AuditProgress(
              id: "F", title: ReplayAudit.title, place: total, total: total, toCheck: all, checked: done))
        }
      }
      try connection.execute(AuditStatements.commit)
      return AuditReport(results: results)
    }
  }

  private func run(
    _ check: AuditCheck, _ connection: inout PostgresConnection, begun: (Int) -> Void
  ) throws(PostgresError) -> AuditResult {
    let count = try connection.query(PostgresCall(AuditStatements.count(check)))
    var result = AuditResult(id: check.id, title: check.title, checked: Int(count.int8(0, 0)))
    begun(result.checked)
    let cursor = try AuditCursor("audit_violations", check.violations, &connection)
    while true {
      let rows = try cursor.next(&connection)
      for row in 0..<rows.count {
        result.add(AuditViolation(name: rows.text(row, 0), detail: rows.text(row, 1)), limit: sampleLimit)
      }
      if rows.count < AuditCursor.portion { break }
    }
    try cursor.close(&connection)
    return result
  }
}
