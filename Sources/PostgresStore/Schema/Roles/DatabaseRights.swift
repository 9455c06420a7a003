public import Postgres

/// Makes the roles that programs connect as, and gives each its rights on the schema.
public enum DatabaseRights {
  /// Whether the roles have rights here: whoever changes the schema then gives them anew.
  static func areGiven(_ connection: inout PostgresConnection) throws(PostgresError) -> Bool {
    let rows = try connection.query(PostgresCall(RightsStatements.given, [.text(DatabaseRole.gateway.rawValue)]))
    return rows.bool(0, 0)
  }

  /// Makes what roles are missing, and gives all of them what they may do and takes what they may not. The owner of the
  /// schema gets their rights too, so that it can end their sessions. Safe to repeat; running programs lose nothing meanwhile.
  /// - Throws: ``PostgresError`` when the owner may make no roles (42501): ``preparation`` is then for somebody who may.
  public static func give(_ connection: inout PostgresConnection) throws(PostgresError) {
    try connection.execute(RightsStatements.makeRoles)
    try connection.execute(RightsStatements.give(try grants(&connection)))
  }

  /// What somebody who may make roles has to run once where the owner of the schema may not.
  public static func preparation(owner: String) -> String {
    RightsStatements.preparation(owner: owner)
  }

  /// Tables and functions of a later version are not there yet.
  private static func grants(_ connection: inout PostgresConnection) throws(PostgresError) -> String {
    var statements: [String] = []
    for rights in TableRights.all {
      let rows = try connection.query(PostgresCall(RightsStatements.hasTable, [.text(rights.table)]))
      if rows.bool(0, 0) { statements += rights.statements }
    }
    for rights in FunctionRights.all {
      // Days' tables are made with their owner's rights, whatever version made the function.
      let rows = try connection.query(PostgresCall(RightsStatements.hasFunction, [.text(rights.function)]))
      if rows.bool(0, 0) { statements += rights.statements }
      if rows.bool(0, 0), rights.runsAsOwner { statements.append(RightsStatements.runAsOwner(rights.function)) }
    }
    return statements.joined(separator: ";\n")
  }
}
