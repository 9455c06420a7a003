package import Ports
package import Postgres

/// The audit of a ledger in PostgreSQL.
package struct LedgerAudit: InvariantAudit {
  /// SQLSTATE undefined_table (PostgreSQL 15, appendix A).
  private static let undefinedTable = "42P01"

  private let session: PostgresSession

  /// Works over `session`; make it with ``StoreSettings/analysis(url:role:)``.
  package init(session: PostgresSession) { self.session = session }

  package func run(
    replay: Bool, samples: Int, report: @escaping @Sendable (AuditProgress) -> Void
  ) async throws(AdministrationError) -> AuditReport {
    do throws(PostgresError) {
      return try await Audit(sampleLimit: samples).run(session, replay: replay, report: report)
    } catch {
      throw .fault(
        error.state == Self.undefinedTable ? "the database lacks the schema; run buttonwood migrate" : error.description
      )
    }
  }
}
