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
    PostgresCall(EntryStatements.heldAccounts, [.int8Array(Set(requests.map(\.account.rawValue)).sorted())])
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
      EntryStatements.heldPositions, [.int8Array(sells.map(\.account.rawValue)), .int4Array(sells.map(\.instrument.rawValue))])
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
        EntryStatements.heldOrders(day: day),
        [.int8Array(names.map(\.account.rawValue)), .uuidArray(names.map { ($0.id.high, $0.id.low) })])
    }
  }
}
