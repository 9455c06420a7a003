internal import Market
internal import Postgres

/// Whether instruments have been told something that waits to be processed: a reopening moves the reference price, and a
/// band that was decided before it must not come behind it.
///
/// Ask it behind ``MarketDayStatements/lockLog``: then the log does not grow meanwhile.
struct WaitingInstructions: Sendable {
  let shard: Shard
  let instruments: [InstrumentID]

  /// Looks through the rows behind the cursor, on the days that have them.
  func areThere(_ days: DayTables, _ connection: inout PostgresConnection) throws(PostgresError) -> Bool {
    let counters = try LogCounters(of: shard, &connection)
    guard counters.last > counters.processed else { return false }
    var search = LogSearch(
      counters.processed + 1...counters.last, hint: counters.processedOn, days: try days.list(&connection))
    let parameters: [PostgresParameter] = [
      .int2(shard.rawValue), .int8(counters.processed), .int8(counters.last), .int4Array(instruments.map(\.rawValue)),
    ]
    while case let next = search.next(), !next.isEmpty {
      let calls = next.map { PostgresCall(LogStatements.instructions(day: $0), parameters) }
      for answer in try Self.releasingLocks(calls, &connection) {
        if answer.bool(0, 1) { return true }
        search.found(Int(answer.int8(0, 0)))
      }
    }
    // With a row missing nobody knows what it said.
    return !search.isComplete
  }

  /// Reads within the transaction and gives the locks of the tables back.
  private static func releasingLocks(
    _ calls: [PostgresCall], _ connection: inout PostgresConnection
  ) throws(PostgresError) -> [PostgresRows] {
    let answers = try connection.pipeline(
      [PostgresCall(DayStatements.mark)] + calls + [PostgresCall(DayStatements.release)])
    return Array(answers.dropFirst().dropLast())
  }
}
