internal import Lifecycle
public import Postgres

/// How the store's sessions behave towards PostgreSQL.
public enum StoreSettings {
  /// Options for a session of the ledger.
  ///
  /// Rows are always locked in ascending order. The planner must keep to that, so joins of a sorted array with a table are
  /// nested loops over an index: in the array's or the index's order, both ascending. It is also what these statements
  /// want however stale the statistics are.
  ///
  /// Which side of such a join is looked up by its index depends on statistics all the same: for a table that was empty when
  /// the statement was planned, reading its whole index costs nothing, and the plan stays. So statements leave no choice. A
  /// key's leading column is compared with `= ANY (ARRAY[x])`, which an index can look up and no order of the index helps
  /// with, or the lookup stands in a subquery with `OFFSET 0`, which is not taken apart. A test plans every named statement
  /// where everything is empty.
  /// - Parameter url: A connection string as libpq takes it.
  public static func ledger(url: String, role: String) -> PostgresOptions {
    var options = PostgresOptions(url: url, applicationName: "buttonwood-\(role)")
    options.settings = [
      ("enable_hashjoin", "off"), ("enable_mergejoin", "off"), ("enable_seqscan", "off"), ("jit", "off"),
      ("plan_cache_mode", "force_generic_plan"), ("lock_timeout", TimeLimits.lockTimeout.setting),
      ("statement_timeout", TimeLimits.statementTimeout.setting),
      ("idle_in_transaction_session_timeout", TimeLimits.idleTransaction.setting), ("synchronous_commit", "on"),
    ]
    return options
  }

  /// Options for a session that accepts: as one of the ledger, but it waits for a row of an account only for a moment. Who
  /// asks for an account that somebody holds is set aside, so that others' requests need not wait.
  public static func acceptance(url: String, role: String) -> PostgresOptions {
    var options = ledger(url: url, role: role)
    options.settings.append(("lock_timeout", TimeLimits.accountLockTimeout.setting))
    return options
  }

  /// Options for sessions that look at much: audits and reports. Plans are free, time is not bounded.
  public static func analysis(url: String, role: String) -> PostgresOptions {
    var options = PostgresOptions(url: url, applicationName: "buttonwood-\(role)")
    options.settings = [("jit", "off"), ("idle_in_transaction_session_timeout", "0")]
    return options
  }
}
