internal import Accounting
internal import Engine
internal import Market
internal import Ports
internal import Postgres
internal import PostgresStore

/// Invariant F: matching the logs again gives exactly the recorded events, trades and books.
///
/// It runs the very code by which workers match and settle. Portions of the log, of the events and of the trades pass
/// through memory; what stays is what a worker holds too: the open orders of one shard.
struct ReplayAudit {
  static let title = "the log matched again gives what was recorded"
  /// Checks that vouch for the log's form: matching a log that fails them could only stop the program.
  static let preconditions: Set<String> = ["A2", "D3", "E1", "E6", "E7"]

  let sampleLimit: Int

  /// A shard's log as the snapshot has it.
  private struct Log {
    var shard: Shard
    var first: Int64
    var processed: Int64
  }

  /// Replays all shards.
  /// - Parameters:
  ///   - results: What the other checks found.
  ///   - progress: Told how many commands are done, and how many there are.
  func run(
    _ connection: inout PostgresConnection, after results: [AuditResult], progress: (Int, Int) -> Void
  ) throws(PostgresError) -> [AuditResult] {
    var events = AuditResult(id: "F1", title: "events of the log matched again are the recorded ones")
    var trades = AuditResult(id: "F2", title: "trades of the log matched again are the recorded ones")
    var books = AuditResult(id: "F3", title: "books of the log matched again are the open orders")
    var auctions = AuditResult(id: "F4", title: "auctions of the log matched again stand where they are recorded")
    let failed = results.filter { $0.violations > 0 && Self.preconditions.contains($0.id) }.map(\.id)
    guard failed.isEmpty else {
      events.notes = ["not replayed: the log itself is damaged, see \(failed.joined(separator: ", "))"]
      return [events, trades, books, auctions]
    }
    let logs = try logs(&connection)
    let all = logs.reduce(0) { $0 + Int($1.first == 1 ? $1.processed : 0) }
    var done = 0
    progress(0, all)
    for log in logs where log.processed > 0 {
      guard log.first == 1 else {
        events.notes.append("shard \(log.shard): not replayable, its log begins at sequence \(log.first)")
        continue
      }
      let engine = try replay(log, &events, &trades, &connection) { commands in
        done += commands
        progress(done, all)
      }
      try compare(engine, &books, &connection)
      try compareAuctions(engine, &auctions, &connection)
    }
    return [events, trades, books, auctions]
  }

  private func logs(_ connection: inout PostgresConnection) throws(PostgresError) -> [Log] {
    let rows = try connection.query(
      PostgresCall(AuditStatements.logs))
    return (0..<rows.count).map { row in
      Log(shard: Shard(rawValue: rows.int2(row, 0)), first: rows.int8(row, 1), processed: rows.int8(row, 2))
    }
  }

  private func replay(
    _ log: Log, _ eventResult: inout AuditResult, _ tradeResult: inout AuditResult,
    _ connection: inout PostgresConnection, progress: (Int) -> Void
  ) throws(PostgresError) -> ShardEngine {
    // Nothing rests in empty books, so nothing can contradict itself.
    var engine = try! ShardEngine(shard: log.shard, processed: .zero, orders: [])
    let quarantined = try quarantined(of: log.shard, &connection)
    let commands = try AuditCursor(
      "audit_log", AuditStatements.commands(of: log.shard, through: log.processed), &connection)
    var events = RecordedStream<RecordedEvent>(
      try AuditCursor("audit_events", AuditStatements.events(of: log.shard, through: log.processed), &connection))
    var trades = RecordedStream<RecordedTrade>(
      try AuditCursor("audit_trades", AuditStatements.trades(of: log.shard, through: log.processed), &connection))
    while true {
      let rows = try commands.next(&connection)
      var portion: [ProcessedEntry] = []
      portion.reserveCapacity(rows.count)
      for row in 0..<rows.count {
        let entry = try LogColumns.read(rows, row)
        portion.append(ProcessedEntry(entry, isQuarantined: quarantined.contains(entry.sequence)))
      }
      for settlement in engine.follow(portion) {
        for event in settlement.events {
          try events.compare(RecordedEvent(event), &eventResult, limit: sampleLimit, &connection)
        }
        for trade in settlement.trades {
          try trades.compare(RecordedTrade(trade), &tradeResult, limit: sampleLimit, &connection)
        }
      }
      progress(rows.count)
      if rows.count < AuditCursor.portion { break }
    }
    try events.finish(&eventResult, limit: sampleLimit, &connection)
    try trades.finish(&tradeResult, limit: sampleLimit, &connection)
    try commands.close(&connection)
    return engine
  }

  /// Compares the auctions that are being executed with what is stored of them.
  private func compareAuctions(
    _ engine: ShardEngine, _ result: inout AuditResult, _ connection: inout PostgresConnection
  ) throws(PostgresError) {
    let rows = try connection.query(
      PostgresCall(AuctionStatements.ofBooks, [.int2Array([engine.shard.rawValue])]))
    var recorded = try AuctionColumns.read(rows)[engine.shard] ?? [:]
    var replayed = engine.executedAuctions
    // An estimate for those who pace the parts.
    for instrument in recorded.keys { recorded[instrument]!.left = 0 }
    for instrument in replayed.keys { replayed[instrument]!.left = 0 }
    for instrument in Set(recorded.keys).union(replayed.keys).sorted() {
      result.checked += 1
      guard recorded[instrument] != replayed[instrument] else { continue }
      func text(_ auction: AuctionExecution?) -> String {
        guard let auction else { return "none" }
        return "\(auction.stage) at \(auction.price?.description ?? "no price") of orders before row \(auction.before)"
      }
      result.add(
        AuditViolation(
          name: "instrument \(instrument)",
          detail: "recorded \(text(recorded[instrument])); replayed \(text(replayed[instrument]))"),
        limit: sampleLimit)
    }
  }

  private func quarantined(
    of shard: Shard, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> Set<Sequence> {
    let rows = try connection.query(
      PostgresCall(
        AuditStatements.quarantined, [.int2(shard.rawValue)]))
    return Set((0..<rows.count).map { Sequence(rawValue: rows.int8($0, 0)) })
  }

  /// Compares the books with the open orders, both by priority.
  private func compare(
    _ engine: ShardEngine, _ result: inout AuditResult, _ connection: inout PostgresConnection
  ) throws(PostgresError) {
    var orders = RecordedStream<RecordedOrder>(
      try AuditCursor(
        "audit_books", AuditStatements.openOrders(of: engine.shard, through: engine.cursor), &connection))
    for order in engine.openOrders() {
      try orders.compare(RecordedOrder(order), &result, limit: sampleLimit, &connection)
    }
    try orders.finish(&result, limit: sampleLimit, &connection)
  }
}
