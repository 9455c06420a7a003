internal import Accounting
internal import Market
internal import Ports
internal import Postgres

/// Asks whether a plan whose commit was cut off is stored. All of it is, or none.
///
/// Its own commit waits for the synchronous replicas, because locks write to the log too. So what it found is on them as
/// well, even when the wait of the first commit was cancelled.
struct EntryInquiry {
  let plan: EntryPlan
  let requests: [EntryRequest]
  let days: DayTables

  /// The answers as they would have been given, without log rows (owners find those in the log); nil when nothing is stored.
  func run(_ connection: inout PostgresConnection) throws(PostgresError) -> AcceptedBatch? {
    let accounts = plan.accounts.map(\.account.rawValue)
    let names = plan.namedOrders(of: requests)
    let dated = try days.existing(names.days, &connection)
    let rows: [PostgresRows]
    do {
      rows = try connection.pipeline(
        [
          PostgresCall(EntryStatements.begin),
          PostgresCall(EntryStatements.lockAccounts, [.int8Array(accounts)]),
        ] + OrderStatements.find(names, among: dated) + [PostgresCall(EntryStatements.commit)])
    } catch {
      if error.isMissingTable { days.forget() }
      throw connection.rolledBack(after: error)
    }
    let found = try EntryTransaction.acceptedOrders(rows.dropFirst(2).dropLast())
    let own = plan.orders.compactMap { found[$0.id] }
    guard own.count == plan.orders.count else {
      precondition(own.isEmpty, "a transaction is stored in part")
      return nil
    }
    return AcceptedBatch(answers: plan.answers(orders: own, repeated: found), entries: [])
  }
}
