internal import Accounting
internal import Market
internal import Ports
internal import Postgres

/// Asks whether a plan whose commit was cut off is stored. All of it is, or none.
///
/// Its own commit waits for the synchronous replicas, because locks write to the log too. So what it found is on them as
/// well, even when the wait of the first commit was canceled.
struct AcceptanceInquiry {
  let plan: AcceptancePlan
  let requests: [AcceptanceRequest]
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
          PostgresCall(AcceptanceStatements.begin),
          PostgresCall(AcceptanceStatements.lockAccounts, [.int8Array(accounts)]),
        ] + OrderStatements.find(names, among: dated) + [PostgresCall(AcceptanceStatements.commit)])
    } catch {
      if error.isMissingTable { days.forget() }
      throw connection.rolledBack(after: error)
    }
    let found = try AcceptanceTransaction.acceptedOrders(rows.dropFirst(2).dropLast())
    let own = plan.orders.compactMap { found[$0.id] }
    guard own.count == plan.orders.count else {
      precondition(own.isEmpty, "a transaction is stored in part")
      return nil
    }
    return AcceptedBatch(answers: plan.answers(orders: own, repeated: found), entries: [])
  }
}
