package import Ports
package import Postgres

/// The schema in PostgreSQL, as its owner brings it up to date.
package struct SchemaAdministration: SchemaOperations {
  /// What this program knows of the schema.
  package static var facts: SchemaFacts {
    SchemaFacts(
      version: Migrator.currentVersion, defaultShards: Migrator.defaultShards,
      lockTimeout: MigrationPatience().lockTimeout,
      roles: DatabaseRole.allCases.map(\.rawValue))
  }

  private let session: PostgresSession

  /// Works over `session`; make it with ``StoreSettings/analysis(url:role:)``.
  package init(session: PostgresSession) { self.session = session }

  package func migrate(
    shards: Int16?, makesRoles: Bool, waiting: @escaping @Sendable (String) -> Void
  ) async throws(AdministrationError) -> SchemaReport {
    do throws(PostgresError) {
      let report = try await session.use { (connection) throws(PostgresError) in
        try Migrator.run(&connection, shards: shards, makesRoles: makesRoles) { waiting($0.description) }
      }
      return SchemaReport(applied: report.applied, shards: report.shards, givesRights: report.givesRights)
    } catch {
      // In the server's own words: whoever migrates looks for what they mean.
      guard makesRoles, error.isRefusedForLackOfRights else { throw .fault(error.description) }
      throw .fault(
        "\(error); who may not make roles lets a superuser do it once: "
          + DatabaseRights.preparation(owner: "<the user of DATABASE_URL>"))
    }
  }
}
