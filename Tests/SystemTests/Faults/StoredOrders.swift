import Postgres

/// All orders of a database, to be compared with what clients were told.
struct StoredOrders {
  /// Identifiers by the client's name.
  private(set) var named: [String: [String]] = [:]
  /// Identifiers of open ones.
  private(set) var open: Set<String> = []

  init(_ connection: inout PostgresConnection) throws {
    let rows = try connection.query(
      PostgresCall(.init("all_orders", "SELECT client_order_id, order_id::text, is_open FROM orders")))
    for row in 0..<rows.count {
      named[rows.text(row, 0), default: []].append(rows.text(row, 1))
      if rows.bool(row, 2) { open.insert(rows.text(row, 1)) }
    }
  }

  /// What is wrong.
  struct Verdict {
    /// Orders that were acknowledged and are not there, or not as they were acknowledged.
    var lost = 0
    /// Orders that are there and nobody knows, or more than once.
    var doubled = 0
    var complaints: [String] = []
  }

  func verdict(on records: [TradingLoad.Record]) -> Verdict {
    var verdict = Verdict()
    var known: Set<String> = []
    for record in records {
      verdict.complaints += record.unexpected + record.unknown.map { "fate unknown: \($0)" }
      for (name, order) in record.acknowledged {
        known.insert(name)
        let found = named[name] ?? []
        if !found.contains(order) { verdict.lost += 1 }
        if found.count > 1 { verdict.doubled += 1 }
        if found != [order] { verdict.complaints.append("acknowledged as \(name), \(order); stored: \(found)") }
      }
      for name in record.refused where named[name] != nil {
        verdict.doubled += 1
        verdict.complaints.append("refused and stored: \(name)")
      }
      for order in record.cancelled where open.contains(order) {
        verdict.lost += 1
        verdict.complaints.append("acknowledged as cancelled and open: \(order)")
      }
    }
    // Only what the clients of a load name so: rows may have requests of their own.
    let unauthenticated = named.keys.filter { $0.hasPrefix(TradingLoad.mark) && !known.contains($0) }.count
    verdict.doubled += unauthenticated
    if unauthenticated > 0 { verdict.complaints.append("\(unauthenticated) orders that no client knows") }
    return verdict
  }
}
