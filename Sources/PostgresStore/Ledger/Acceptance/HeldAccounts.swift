internal import Accounting
internal import Market
internal import Postgres

/// Asks which accounts' rows somebody else holds: those that a batch could not lock within its time. It waits for no row
/// and keeps none.
struct HeldAccounts {
  let locks: AcceptanceLocks

  func run(_ connection: inout PostgresConnection) throws(PostgresError) -> Set<AccountNumber> {
    let calls = calls(on: Set(try DayTables().list(&connection)))
    let answers: [PostgresRows]
    do {
      answers = try connection.pipeline(
        [PostgresCall(AcceptanceStatements.begin)] + calls + [PostgresCall(AcceptanceStatements.rollBack)])
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

  /// Orders, and with them their positions, are asked for by the day whose table holds them. An identifier may name any day.
  private func calls(on days: Set<Day>) -> [PostgresCall] {
    var calls = [PostgresCall(AcceptanceStatements.heldAccounts, [.int8Array(locks.accounts.map(\.rawValue))])]
    if !locks.positions.isEmpty {
      calls.append(PostgresCall(AcceptanceStatements.heldPositions, AcceptanceQuestion.parameters(locks.positions)))
    }
    return calls
      + OrderStatements.byDay(locks.orders, among: days).map { day, names in
        let names = names.sorted { ($0.account, $0.id) < ($1.account, $1.id) }
        return PostgresCall(AcceptanceStatements.heldOrders(day: day), OrderStatements.parameters(names))
      }
  }
}
