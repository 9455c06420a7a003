internal import Market
internal import Postgres

/// The days on which an account has orders or events, some at a time: few at first, because the first often have enough.
struct DayWalk: Sendable {
  /// Days whose tables are locked at the same time at most: each costs the locks of a table and its indexes.
  static let most = 8
  /// Behind every day that identifiers and times can tell.
  static let last = Day(rawValue: 3_260_000)

  private var rest: ArraySlice<Day>
  private var width = 1

  /// Asks for an account's days within a range; those whose tables have been taken away are left out.
  init(
    of account: AccountNumber, _ range: ClosedRange<Day>, ascending: Bool, _ days: DayTables,
    _ connection: inout PostgresConnection
  ) throws(PostgresError) {
    let rows = try connection.query(
      PostgresCall(
        ReadingStatements.days,
        [.int8(account.rawValue), .int4(range.lowerBound.rawValue), .int4(range.upperBound.rawValue)]))
    let kept = (0..<rows.count).map { Day(rawValue: rows.int4($0, 0)) }
    let existing = try days.existing(Set(kept), &connection)
    self.init(kept.filter(existing.contains), ascending: ascending)
  }

  /// - Parameter days: The earliest first.
  init(_ days: [Day], ascending: Bool) { rest = ascending ? days[...] : days.reversed()[...] }

  /// The next days, in the order of the walk; none at its end.
  mutating func next() -> [Day] {
    let some = rest.prefix(width)
    rest = rest.dropFirst(some.count)
    width = min(Self.most, width * 2)
    return Array(some)
  }
}
