/// Brings the schema of the ledger's database up to date.
package protocol SchemaOperations: Sendable {
  /// Runs the steps that the database lacks, and makes the coming days' tables. Safe to run from several places at once, and
  /// while the exchange works.
  /// - Parameters:
  ///   - shards: How many a new database gets; nil takes ``SchemaFacts/defaultShards``.
  ///   - makesRoles: Whether the programs' roles are made and given their rights.
  ///   - waiting: Hears, in a sentence, of each lock that could not be had.
  func migrate(shards: Int16?, makesRoles: Bool, waiting: @escaping @Sendable (String) -> Void)
    async throws(AdministrationError) -> SchemaReport
}

/// What a program knows of the schema, whatever a database has.
package struct SchemaFacts: Hashable, Sendable {
  /// The version that it works with.
  package var version: Int32
  /// How many shards a new database gets when nobody says.
  package var defaultShards: Int16
  /// For how long a migration asks for one lock.
  package var lockTimeout: Duration
  /// The roles that programs connect as.
  package var roles: [String]

  /// Describes a schema.
  package init(version: Int32, defaultShards: Int16, lockTimeout: Duration, roles: [String]) {
    self.version = version
    self.defaultShards = defaultShards
    self.lockTimeout = lockTimeout
    self.roles = roles
  }
}

/// What a migration did.
package struct SchemaReport: Hashable, Sendable {
  /// Names of the steps that ran.
  package var applied: [String]
  /// How many shards the database has.
  package var shards: Int16
  /// Whether the programs' roles were given their rights.
  package var givesRights: Bool

  /// Describes what was done.
  package init(applied: [String], shards: Int16, givesRights: Bool) {
    self.applied = applied
    self.shards = shards
    self.givesRights = givesRights
  }
}
