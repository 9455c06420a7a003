internal import Accounting
internal import Market
internal import Postgres

extension SystemLedger {
  /// The events that streams had to bring.
  struct Events {
    /// The times of each account's events in microseconds, ascending.
    var times: [AccountNumber: [Int64]] = [:]
    /// When each was committed, in microseconds; none where PostgreSQL does not keep that.
    var commits: [EventID: Int64] = [:]
    /// All of them.
    var count = 0

    /// How many an account has.
    func count(of account: AccountNumber) -> Int { times[account]?.count ?? 0 }
  }

  /// The accounts' numbers, in the order of their public identifiers; nil for one that the ledger does not have.
  func numbers(of accounts: [String]) async throws -> [AccountNumber?] {
    let rows = try await query("SELECT account_id, public_id::text FROM accounts")
    let known = Dictionary(
      uniqueKeysWithValues: (0..<rows.count).map { (rows.text($0, 1), AccountNumber(rawValue: rows.int8($0, 0))) })
    return accounts.map { known[$0] }
  }

  /// All events since a mark.
  func events(since start: Mark) async throws -> Events {
    let isExact =
      try await query("SELECT (current_setting('track_commit_timestamp') = 'on')::int::bigint").int8(0, 0) == 1
    let commit = isExact ? "pg_xact_commit_timestamp(xmin)" : "NULL::timestamptz"
    let rows = try await session.use { (connection) throws(PostgresError) in
      try connection.query(
        PostgresCall(
          .init(
            "stream_events",
            """
            SELECT account_id, event_at, \(commit) FROM order_events
            WHERE event_at > $1::timestamptz AND occurred_at > $1::timestamptz - interval '1 day'
            ORDER BY account_id, event_at
            """), [.timestamp(microseconds: start.time.rawValue)]))
    }
    var events = Events()
    events.count = rows.count
    for row in 0..<rows.count {
      let account = AccountNumber(rawValue: rows.int8(row, 0))
      let time = rows.timestamp(row, 1)
      events.times[account, default: []].append(time)
      guard !rows.isNull(row, 2) else { continue }
      events.commits[EventID(at: Timestamp(rawValue: time), account: account)] = rows.timestamp(row, 2)
    }
    return events
  }
}
