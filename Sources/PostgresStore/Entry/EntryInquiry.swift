internal import Accounting
internal import Market
internal import Ports
internal import Postgres

/// Asks whether a plan whose commit was cut off is stored. All of it is, or none.
struct EntryInquiry {
  let plan: EntryPlan

  /// The answers as they would have been given, without log rows (owners find those in the log); nil when nothing is stored.
  func run(_ connection: inout PostgresConnection) throws(PostgresError) -> AcceptedBatch? {
    let accounts = plan.accounts.map(\.account.rawValue)
    let rows: [PostgresRows]
    do {
      rows = try connection.pipeline([
        PostgresCall(EntryStatements.begin),
        PostgresCall(EntryStatements.lockAccounts, [.int8Array(accounts)]),
        EntryTransaction.findOrders(plan.orders.map { ($0.account, $0.id) }),
        PostgresCall(EntryStatements.commit),
      ])
    } catch {
      try? connection.rollBack()
      throw error
    }
    var stored: [OrderID: OrderRecord] = [:]
    for row in 0..<rows[2].count {
      let order = OrderColumns.read(rows[2], row)
      stored[order.id] = order.asAccepted
    }
    guard !stored.isEmpty else { return nil }
    let answers = plan.outcomes.map { outcome -> AcceptedBatch.Answer in
      switch outcome {
      case .accepted(let index):
        return stored[plan.orders[index].id].map { .accepted($0) } ?? .refused(.orderNotFound(plan.orders[index].id))
      case .cancelAccepted, .cancelPending: return .cancelAccepted
      case .repeated(let id): return stored[id].map { .repeated($0) } ?? .refused(.orderNotFound(id))
      case .refused(let reason): return .refused(reason)
      }
    }
    return AcceptedBatch(answers: answers, entries: [])
  }
}
