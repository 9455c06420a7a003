/// What roles may do with a table, beyond reading it. A day's table follows its parent.
struct TableRights: Sendable {
  /// Who may read.
  enum Reading: Sendable {
    /// Every role.
    case all
    /// These, the whole table; others these columns of it, or nothing.
    case only([DatabaseRole], othersColumns: String?)
  }

  let table: String
  var reading = Reading.all
  /// Privileges as GRANT takes them: `INSERT, UPDATE (held)`.
  var writing: [DatabaseRole: String] = [:]

  /// A table that every role may read.
  init(
    _ table: String, gateway: String? = nil, worker: String? = nil, operator: String? = nil,
    reading: Reading = .all
  ) {
    self.table = table
    self.reading = reading
    writing[.gateway] = gateway
    writing[.worker] = worker
    writing[.operator] = `operator`
  }

  /// All tables and views of the schema.
  ///
  /// What acceptance writes, operators' commands may as well: they cancel orders and tell instruments by log rows.
  static let all = [
    // Shards.
    TableRights(
      "shard_logs", gateway: "UPDATE (last_sequence)", worker: "UPDATE (last_sequence)",
      operator: "UPDATE (last_sequence)"),
    TableRights("shard_cursors", worker: "UPDATE"),
    TableRights("shard_suspicions", worker: "INSERT, UPDATE"),
    TableRights("quarantined_commands", worker: "INSERT", operator: "UPDATE"),
    TableRights("leadership", worker: "UPDATE"),
    // Accounts and their money.
    TableRights(
      "accounts", gateway: "UPDATE (held, last_submitted, suspended)", worker: "UPDATE (cash, held, last_event)",
      operator: "INSERT, UPDATE"),
    TableRights("positions", gateway: "UPDATE (held)", worker: "INSERT, UPDATE", operator: "INSERT, UPDATE"),
    TableRights(
      "api_keys", operator: "INSERT, UPDATE",
      reading: .only(
        [.gateway, .operator],
        othersColumns: "key_id, account_id, created_at, revoked_at, role, requests_per_minute")),
    TableRights("account_configurations", gateway: "INSERT, UPDATE", operator: "INSERT, UPDATE"),
    TableRights("watchlists", gateway: "INSERT, UPDATE, DELETE"),
    TableRights("journals", operator: "INSERT"),
    TableRights("journal_lines", operator: "INSERT"),
    TableRights("postings"),
    // Orders.
    TableRights("order_keys", gateway: "INSERT", operator: "INSERT"),
    TableRights(
      "orders", gateway: "INSERT, UPDATE (pending)", worker: "UPDATE",
      operator: "INSERT, UPDATE (pending, sequence, priority, updated_at)"),
    TableRights(
      "open_orders", gateway: "INSERT", worker: "INSERT, UPDATE, DELETE", operator: "INSERT, UPDATE, DELETE"),
    TableRights("account_days", gateway: "INSERT", worker: "INSERT", operator: "INSERT"),
    TableRights("order_conditions", gateway: "INSERT", worker: "UPDATE", operator: "INSERT"),
    TableRights("command_log", gateway: "INSERT", worker: "INSERT", operator: "INSERT"),
    TableRights("command_conditions", gateway: "INSERT", worker: "INSERT", operator: "INSERT"),
    TableRights("order_bounds", operator: "INSERT, UPDATE, DELETE"),
    // What settling writes.
    TableRights("trades", worker: "INSERT"),
    TableRights("order_events", worker: "INSERT"),
    TableRights("minute_bars", worker: "INSERT, UPDATE"),
    TableRights("quotes", worker: "INSERT"),
    TableRights("auction_prints", worker: "INSERT"),
    TableRights("last_prices", worker: "INSERT, UPDATE"),
    TableRights("instrument_phases", worker: "INSERT, UPDATE"),
    // Instruments and the market day.
    TableRights(
      "instruments", worker: "UPDATE (halt_reason, halt_collects, paused_until)", operator: "INSERT, UPDATE"),
    TableRights("session_steps", worker: "INSERT, UPDATE"),
    TableRights("band_states", worker: "INSERT, UPDATE", operator: "INSERT, UPDATE"),
    TableRights("auction_parts", worker: "INSERT, UPDATE"),
    TableRights("market_clock", worker: "UPDATE", operator: "UPDATE"),
    TableRights("calendar_exceptions", operator: "INSERT, UPDATE, DELETE"),
    // Operation.
    TableRights("admin_log", operator: "INSERT"),
    TableRights("schema_migrations"),
    TableRights("ledger_restorations"),
    TableRights(
      "stream_keys", operator: "INSERT, DELETE",
      reading: .only([.gateway, .worker, .operator], othersColumns: "key_id, made_at")),
  ]
}

/// Who may call functions that run with their owner's rights. All others run with the caller's, and anybody may call them.
struct FunctionRights: Sendable {
  let function: String
  let roles: [DatabaseRole]
  /// Whether it is made to run with its owner's rights here, because the migration that made it did not.
  var runsAsOwner = true

  /// The functions' names.
  static var names: Set<String> { Set(all.map { String($0.function.prefix { $0 != "(" }) }) }

  static let all = [
    FunctionRights(
      function: "end_stalled_sessions(interval)", roles: [.gateway, .worker, .operator], runsAsOwner: false),
    FunctionRights(function: "make_day_table(text, date)", roles: [.worker]),
    FunctionRights(function: "ensure_partitions(date, integer)", roles: [.gateway, .worker]),
    FunctionRights(function: "ensure_market_day(date)", roles: [.gateway, .worker]),
    FunctionRights(function: "drop_orders_open()", roles: [.worker]),
  ]
}
