internal import Market

/// Where a run of log rows is looked for, day by day, until all of it has been found.
///
/// Rows are numbered without gaps, so how many there are says whether the run is whole. A time is only a hint of where to
/// look first: it never decides which rows exist.
struct LogSearch: Hashable, Sendable {
  /// Days that are searched in one transaction: each costs the locks of a table and its index.
  static let daysAtOnce = 8

  /// The numbers of the first and the last row.
  let range: ClosedRange<Int64>
  private var missing: Int
  private var likely: [Day]
  private var others: [Day]
  private var searched: Set<Day> = []

  /// A search of the days that are known.
  /// - Parameters:
  ///   - hint: The day on which the rows before were processed; those behind it were accepted about then, or later.
  ///   - days: All that have tables, the latest first.
  init(_ range: ClosedRange<Int64>, hint: Day, days: [Day]) {
    self.range = range
    missing = range.count
    let first = [hint, hint.advanced(by: -1), hint.advanced(by: 1)]
    likely = first.filter(days.contains)
    others = days.filter { !first.contains($0) }
  }

  /// Whether every row has been found.
  var isComplete: Bool { missing <= 0 }

  /// The days to search next; none when all have been.
  mutating func next() -> [Day] {
    guard !isComplete else { return [] }
    var days = likely
    likely = []
    if days.isEmpty {
      days = Array(others.prefix(Self.daysAtOnce))
      others.removeFirst(days.count)
    }
    searched.formUnion(days)
    return days
  }

  /// So many of the rows have been found.
  mutating func found(_ count: Int) { missing -= count }

  /// All days that have tables now, the latest first: those not searched yet are.
  mutating func learn(_ days: [Day]) { others = days.filter { !searched.contains($0) } }
}
