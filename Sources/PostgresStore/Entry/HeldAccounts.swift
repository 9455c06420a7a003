internal import Accounting
internal import Market
internal import Postgres

/// Asks which accounts' rows somebody else holds: those that a batch could not lock within its time. It waits for no row
/// and keeps none.
struct HeldAccounts {
  let requests: [EntryRequest]

  func run(_ connection: inout PostgresConnection) throws(PostgresError) -> Set<AccountNumber> {
    let calls = [accounts, positions].compactMap { $0 } + targets(on: Set(try DayTables().list(&connection)))
    let answers: [PostgresRows]
    do {
      answers = try connection.pipeline(
        [PostgresCall(EntryStatements.begin)] + calls + [PostgresCall(EntryStatements.rollBack)])
    } catch {
      try connection.rollBack()
      throw error
    }
    var held: Set<AccountNumber> = []
    for rows in answers[1...calls.count] {
      for row in 0..<rows.count { held.insert(AccountNumber(rawValue: rows.int8(row, 0))) }
    }
    return held
  }

  private var accounts: PostgresCall? {
    PostgresCall(Self.heldAccounts, [.int8Array(Set(requests.map(\.account.rawValue)).sorted())])
  }

  private var positions: PostgresCall? {
    let sells = Set(
      requests.compactMap { request -> EntrySnapshot.PositionKey? in
        guard case .place(let place) = request, place.side == .sell else { return nil }
        return .init(account: place.account, instrument: place.instrument)
      }
    ).sorted()
    guard !sells.isEmpty else { return nil }
    return PostgresCall(
      Self.heldPositions, [.int8Array(sells.map(\.account.rawValue)), .int4Array(sells.map(\.instrument.rawValue))])
  }

  /// Orders that are to be cancelled or replaced, and their positions, by the day whose table holds them. An identifier may
  /// name any day.
  private func targets(on days: Set<Day>) -> [PostgresCall] {
    let names = requests.compactMap { request -> (account: AccountNumber, id: OrderID, day: Day)? in
      switch request {
      case .cancel(let cancel): return cancel.order.time.map { (cancel.account, cancel.order, $0.day) }
      case .replace(let replace): return replace.target.time.map { (replace.account, replace.target, $0.day) }
      case .place: return nil
      }
    }
    let named = Dictionary(grouping: names.filter { days.contains($0.day) }, by: \.day)
    return named.sorted { $0.key.rawValue < $1.key.rawValue }.map { day, names in
      let names = names.sorted { ($0.account, $0.id) < ($1.account, $1.id) }
      return PostgresCall(
        Self.heldOrders(day: day),
        [.int8Array(names.map(\.account.rawValue)), .uuidArray(names.map { ($0.id.high, $0.id.low) })])
    }
  }

  static let heldAccounts = PostgresStatement(
    "entry_held_accounts",
    """
    WITH free AS MATERIALIZED (
      SELECT account_id FROM accounts WHERE account_id = ANY ($1::bigint[]) ORDER BY account_id FOR UPDATE SKIP LOCKED)
    SELECT a.account_id FROM accounts a
    WHERE a.account_id = ANY ($1::bigint[]) AND NOT EXISTS (SELECT FROM free f WHERE f.account_id = a.account_id)
    """)

  static let heldPositions = PostgresStatement(
    "entry_held_positions",
    """
    WITH named AS MATERIALIZED (
      SELECT k.account_id, k.instrument_id FROM unnest($1::bigint[], $2::integer[]) AS k (account_id, instrument_id)
    ), free AS MATERIALIZED (
      SELECT p.account_id, p.instrument_id
      FROM named n JOIN positions p ON p.account_id = ANY (ARRAY[n.account_id]) AND p.instrument_id = n.instrument_id
      ORDER BY n.account_id, n.instrument_id FOR UPDATE OF p SKIP LOCKED)
    SELECT n.account_id FROM named n
    WHERE EXISTS (
        SELECT FROM positions p WHERE p.account_id = n.account_id AND p.instrument_id = n.instrument_id OFFSET 0)
      AND NOT EXISTS (SELECT FROM free f WHERE f.account_id = n.account_id AND f.instrument_id = n.instrument_id)
    """)

  static func heldOrders(day: Day) -> PostgresStatement {
    let table = "orders_\(day.compact)"
    return PostgresStatement(
      "entry_held_\(table)",
      """
      WITH named AS MATERIALIZED (
        SELECT o.account_id, o.order_id, o.instrument_id FROM unnest($1::bigint[], $2::uuid[]) AS k (account_id, order_id)
        JOIN \(table) o ON o.account_id = ANY (ARRAY[k.account_id]) AND o.order_id = k.order_id
      ), free AS MATERIALIZED (
        SELECT o.account_id, o.order_id
        FROM named n JOIN \(table) o ON o.account_id = ANY (ARRAY[n.account_id]) AND o.order_id = n.order_id
        ORDER BY n.account_id, n.order_id FOR UPDATE OF o SKIP LOCKED
      ), sold AS MATERIALIZED (
        SELECT p.account_id, p.instrument_id
        FROM (SELECT DISTINCT account_id, instrument_id FROM named) n
        JOIN positions p ON p.account_id = ANY (ARRAY[n.account_id]) AND p.instrument_id = n.instrument_id
        ORDER BY n.account_id, n.instrument_id FOR UPDATE OF p SKIP LOCKED)
      SELECT n.account_id FROM named n
      WHERE NOT EXISTS (SELECT FROM free f WHERE f.account_id = n.account_id AND f.order_id = n.order_id)
        OR EXISTS (
          SELECT FROM positions p WHERE p.account_id = ANY (ARRAY[n.account_id]) AND p.instrument_id = n.instrument_id
            AND NOT EXISTS (SELECT FROM sold s WHERE s.account_id = p.account_id AND s.instrument_id = p.instrument_id))
      """)
  }
}
