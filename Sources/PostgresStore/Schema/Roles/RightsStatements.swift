internal import Postgres

/// The SQL of roles and their rights. Commands that give rights take no parameters: names of roles, tables and functions stand
/// in their texts, and come from this program alone.
enum RightsStatements {
  static let given = PostgresStatement(
    "rights_given",
    """
    SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1::text AND has_table_privilege(oid, 'accounts', 'SELECT'))
      AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1::text AND rolsuper)
    """)

  /// What somebody who may make roles has to run once where the owner of the schema may not.
  static func preparation(owner: String) -> String {
    DatabaseRole.allCases.map { "CREATE ROLE \($0.rawValue) LOGIN;" }.joined(separator: " ")
      + " GRANT pg_read_all_stats TO \(names); GRANT \(names) TO \(owner);"
  }

  /// Gives rights anew. One simple query is one transaction: running programs lose nothing meanwhile.
  /// - Parameter grants: What is granted once everything has been taken.
  static func give(_ grants: String) -> String { "BEGIN;\n\(takeAll);\n\(grants);\n\(giveDays);\nCOMMIT" }

  private static let names = DatabaseRole.allCases.map(\.rawValue).joined(separator: ", ")
  private static let list = DatabaseRole.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")

  /// Roles belong to the whole cluster: another exchange in it may have made them.
  static let makeRoles = """
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

  static let hasTable = PostgresStatement("rights_table", "SELECT to_regclass($1::text) IS NOT NULL")
  static let hasFunction = PostgresStatement("rights_function", "SELECT to_regprocedure($1::text) IS NOT NULL")

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

  static func runAsOwner(_ function: String) -> String {
    """
    DO $$ BEGIN
      EXECUTE format('ALTER FUNCTION \(function) SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());
    END $$
    """
  }
}

extension TableRights {
  /// The table's grants as statements.
  var statements: [String] {
    DatabaseRole.allCases.flatMap { role in
      let readable: String?
      switch reading {
      case .all: readable = "SELECT"
      case .only(let roles, let columns): readable = roles.contains(role) ? "SELECT" : columns.map { "SELECT (\($0))" }
      }
      return [readable, writing[role]].compactMap { $0 }.map { "GRANT \($0) ON \(table) TO \(role.rawValue)" }
    }
  }
}

extension FunctionRights {
  /// The grants of the function as statements.
  var statements: [String] {
    ["REVOKE ALL ON FUNCTION \(function) FROM PUBLIC"]
      + roles.map { "GRANT EXECUTE ON FUNCTION \(function) TO \($0.rawValue)" }
  }
}
