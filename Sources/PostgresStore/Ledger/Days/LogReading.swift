internal import Market
internal import Postgres

/// Reads log rows behind a cursor by their numbers, out of the tables of single days.
struct LogReading: Sendable {
  /// How far a log is read.
  enum Bound: Sendable {
    /// To its last row.
    case last
    /// As far as it has been processed.
    case processed
  }

  /// What was found.
  enum Run: Sendable {
    /// The rows, in order, as the answers that hold them.
    case rows([(answer: PostgresRows, row: Int)])
    /// No table has the row of this number, though it was accepted.
    case missing(sequence: Int64, through: Int64)
  }

  let shard: Shard
  let cursor: Sequence
  let limit: Int
  let bound: Bound

  /// Reads the rows; each answer's columns are those of ``LogStatements/rows(day:)``.
  func run(_ days: DayTables, _ connection: inout PostgresConnection) throws(PostgresError) -> Run {
    do {
      return try search(days, days.all(&connection), &connection)
    } catch  where error.isMissingTable {
      // A day has been taken away since its table was listed.
      return try search(days, days.list(&connection), &connection)
    }
  }

  private func search(
    _ days: DayTables, _ listed: [Day], _ connection: inout PostgresConnection
  ) throws(PostgresError) -> Run {
    let counters = try LogCounters(of: shard, &connection)
    let end = bound == .last ? counters.last : counters.processed
    let through = min(end, cursor.rawValue.addingReportingOverflow(Int64(max(0, limit))).partialValue)
    guard through > cursor.rawValue else { return .rows([]) }
    var search = LogSearch(cursor.rawValue + 1...through, hint: counters.processedOn, days: listed)
    var answers: [PostgresRows] = []
    var isListedAnew = false
    while !search.isComplete {
      let next = search.next()
      if next.isEmpty {
        guard !isListedAnew else { break }
        isListedAnew = true
        search.learn(try days.list(&connection))
        continue
      }
      let parameters: [PostgresParameter] = [
        .int2(shard.rawValue), .int8(cursor.rawValue), .int8(through),
      ]
      for answer in try connection.pipeline(next.map { PostgresCall(LogStatements.rows(day: $0), parameters) })
      where answer.count > 0 {
        answers.append(answer)
        search.found(answer.count)
      }
    }
    return Self.run(answers, search.range)
  }

  /// The rows of all answers in order; only a whole run counts.
  private static func run(_ answers: [PostgresRows], _ range: ClosedRange<Int64>) -> Run {
    var rows = answers.flatMap { answer in (0..<answer.count).map { (answer: answer, row: $0) } }
    func sequence(_ place: (answer: PostgresRows, row: Int)) -> Int64 {
      place.answer.int8(place.row, LogStatements.sequenceColumn)
    }
    if answers.count > 1 { rows.sort { sequence($0) < sequence($1) } }
    var next = range.lowerBound
    for place in rows {
      guard sequence(place) == next else { return .missing(sequence: next, through: range.upperBound) }
      next += 1
    }
    return next > range.upperBound ? .rows(rows) : .missing(sequence: next, through: range.upperBound)
  }
}

/// How far a shard's log goes, how far it has been processed, and when that was.
struct LogCounters: Sendable {
  let last: Int64
  let processed: Int64
  /// A hint of where rows behind it lie.
  let processedOn: Day

  /// Reads them; zeros for a shard that does not exist.
  init(of shard: Shard, _ connection: inout PostgresConnection) throws(PostgresError) {
    self.init(try connection.query(PostgresCall(LogStatements.counters, [.int2(shard.rawValue)])))
  }

  /// Takes them from an answer to ``LogStatements/counters``.
  init(_ rows: PostgresRows) {
    guard rows.count == 1 else {
      (last, processed, processedOn) = (0, 0, Day(rawValue: 0))
      return
    }
    last = rows.int8(0, 0)
    processed = rows.int8(0, 1)
    processedOn = Timestamp(rawValue: rows.timestamp(0, 2)).day
  }
}
