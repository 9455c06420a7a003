internal import Postgres

/// Backups and their restoring, as an operator does it.
extension ScratchPostgres {
  /// How a backup is made.
  public enum Backup: Sendable, CaseIterable {
    /// With `pg_dump`; restored into a new database of the same name.
    case dump
    /// As a copy of the stopped server's files.
    case files
  }

  /// Makes a backup beside the server's files, in place of an earlier one.
  public func backUp(_ how: Backup) async throws {
    switch how {
    case .dump:
      try await runToEnd(
        asPostgres + [
          "\(try serverPrograms())/pg_dump", "-h", directory, "-U", "postgres", "-f", "\(directory)/dump", "postgres",
        ])
    case .files:
      try await stop(.fast)
      try await runToEnd(["rm", "-rf", "\(directory)/copy"])
      try await runToEnd(["cp", "-a", "\(directory)/data", "\(directory)/copy"])
      try await start()
    }
  }

  /// Puts the backup in the place of what is there; connections are cut.
  public func restore(_ how: Backup) async throws {
    switch how {
    case .dump:
      var connection = try PostgresConnection(
        PostgresOptions(url: "host=\(directory) port=5432 user=postgres dbname=template1", applicationName: "tests"))
      try connection.execute("DROP DATABASE postgres WITH (FORCE)")
      try connection.execute("CREATE DATABASE postgres TEMPLATE template0")
      try await runToEnd(
        asPostgres + [
          "\(try serverPrograms())/psql", "-h", directory, "-U", "postgres", "-d", "postgres", "-q", "-X",
          "-v", "ON_ERROR_STOP=1", "-f", "\(directory)/dump",
        ])
    case .files:
      try await killAll()
      try await runToEnd(["rm", "-rf", "\(directory)/data"])
      try await runToEnd(["cp", "-a", "\(directory)/copy", "\(directory)/data"])
      try await start()
    }
  }
}
