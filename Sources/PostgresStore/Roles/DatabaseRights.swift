public import Postgres

/// Makes the roles that programs connect as, and gives each its rights on the schema.
public enum DatabaseRights {
  /// Whether the roles have rights here: whoever changes the schema then gives them anew.
  static func areGiven(_ connection: inout PostgresConnection) throws(PostgresError) -> Bool {
    let rows = try connection.query(PostgresCall(given, [.text(DatabaseRole.gateway.rawValue)]))
    return rows.bool(0, 0)
  }

  private static let given = PostgresStatement(
    "rights_given",
    """
    SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1::text AND has_table_privilege(oid, 'accounts', 'SELECT'))
      AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1::text AND rolsuper)
    """)

  /// Makes what roles are missing, and gives all of them what they may do and takes what they may not. The owner of the
  /// schema gets their rights too, so that it can end their sessions. Safe to repeat; running programs lose nothing meanwhile.
  /// - Throws: ``PostgresError`` when the owner may make no roles (42501): ``preparation`` is then for somebody who may.
  public static func give(_ connection: inout PostgresConnection) throws(PostgresError) {
    try connection.execute(makeRoles)
    // One simple query is one transaction.
    try connection.execute("BEGIN;\n\(takeAll);\n\(try grants(&connection));\n\(giveDays);\nCOMMIT")
  }

  /// What somebody who may make roles has to run once where the owner of the schema may not.
  public static func preparation(owner: String) -> String {
    DatabaseRole.allCases.map { "CREATE ROLE \($0.rawValue) LOGIN;" }.joined(separator: " ")
      + " GRANT pg_read_all_stats TO \(names); GRANT \(names) TO \(owner);"
  }

  private static let names = DatabaseRole.allCases.map(\.rawValue).joined(separator: ", ")
  private static let list = DatabaseRole.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")

  /// Roles belong to the whole cluster: another exchange in it may have made them.
  private static let makeRoles = """
    DO $$
    DECLARE
      name text;
    BEGIN
      PERFORM pg_advisory_xact_lock(7361729);
      FOREACH name IN ARRAY ARRAY[\(list)] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
          BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN', name);
          EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
          END;
        END IF;
        -- Health is told by all of them, standbys included; without this it looks as if there were none.
        IF NOT pg_has_role(name, 'pg_read_all_stats', 'USAGE') THEN
          EXECUTE format('GRANT pg_read_all_stats TO %I', name);
        END IF;
        IF NOT pg_has_role(name, 'USAGE') THEN
          EXECUTE format('GRANT %I TO CURRENT_USER', name);
        END IF;
      END LOOP;
    END
    $$
    """

  private static let takeAll = """
    DO $$
    BEGIN
      EXECUTE format('GRANT USAGE ON SCHEMA %I TO \(names)', current_schema());
      EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC, \(names)', current_schema());
      EXECUTE (
        SELECT string_agg(format('REVOKE ALL ON %s FROM PUBLIC, \(names)', c.oid::regclass), ';')
        FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition);
    END
    $$
    """

  /// Tables and functions of a later version are not there yet.
  private static func grants(_ connection: inout PostgresConnection) throws(PostgresError) -> String {
    var statements: [String] = []
    for rights in TableRights.all {
      let rows = try connection.query(PostgresCall(hasTable, [.text(rights.table)]))
      if rows.bool(0, 0) { statements += rights.statements }
    }
    for rights in FunctionRights.all {
      // Days' tables are made with their owner's rights, whatever version made the function.
      let rows = try connection.query(PostgresCall(hasFunction, [.text(rights.function)]))
      if rows.bool(0, 0) { statements += rights.statements }
      if rows.bool(0, 0), rights.runsAsOwner { statements.append(Self.runAsOwner(rights.function)) }
    }
    return statements.joined(separator: ";\n")
  }

  private static func runAsOwner(_ function: String) -> String {
    """
    DO $$ BEGIN
      EXECUTE format('ALTER FUNCTION \(function) SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());
    END $$
    """
  }

  private static let hasTable = PostgresStatement("rights_table", "SELECT to_regclass($1::text) IS NOT NULL")
  private static let hasFunction = PostgresStatement("rights_function", "SELECT to_regprocedure($1::text) IS NOT NULL")

  /// Days' tables whose rights are not their parent's get those: statements name days' tables.
  private static let giveDays = """
    DO $$
    DECLARE
      leaf record;
      given record;
    BEGIN
      FOR leaf IN
        SELECT c.oid::regclass AS name, p.oid AS parent FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
        WHERE p.relnamespace = current_schema()::regnamespace AND p.relkind = 'p' AND (
          c.relacl IS DISTINCT FROM p.relacl
          OR (SELECT array_agg(a.attacl::text ORDER BY a.attname) FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attacl IS NOT NULL)
          IS DISTINCT FROM (SELECT array_agg(a.attacl::text ORDER BY a.attname) FROM pg_attribute a
            WHERE a.attrelid = p.oid AND a.attnum > 0 AND a.attacl IS NOT NULL))
      LOOP
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, \(names)', leaf.name);
        FOR given IN
          SELECT a.privilege_type AS privilege, '' AS columns, a.grantee FROM pg_class c
          CROSS JOIN LATERAL aclexplode(c.relacl) a WHERE c.oid = leaf.parent AND a.grantee NOT IN (c.relowner, 0)
          UNION ALL
          SELECT a.privilege_type, format('(%I)', t.attname), a.grantee FROM pg_attribute t
          CROSS JOIN LATERAL aclexplode(t.attacl) a WHERE t.attrelid = leaf.parent AND a.grantee <> 0
        LOOP
          EXECUTE format('GRANT %s %s ON %s TO %I', given.privilege, given.columns, leaf.name,
            pg_get_userbyid(given.grantee));
        END LOOP;
      END LOOP;
    END
    $$
    """
}
