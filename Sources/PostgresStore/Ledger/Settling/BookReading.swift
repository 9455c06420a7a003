internal import Accounting
internal import Lifecycle
internal import Market
internal import Ports
internal import Postgres
internal import Sharding

/// Reads the books of one shard: its cursor, its open orders, last prices and phases, all of one snapshot.
///
/// Open orders come in pages, each a statement of its own, out of the tables of the days that they were submitted on: no
/// statement grows with the book, and none looks at days without open orders. A long book is read in two halves at the same time,
/// where there is a second connection: the server's work is nearly all of the time.
struct BookReading: Sendable {
  /// Open orders that are read at a time.
  static let pageSize: Int32 = 5_000
  /// Days' tables that are locked at the same time at most.
  static let daysAtOnce = 8

  /// What came of a reading.
  enum Ending: Sendable {
    case book(FoundBook)
    /// There is no such shard.
    case none
    /// The book has more open orders than were asked for.
    case tooLong
  }

  let shard: Shard
  var pageSize = Self.pageSize
  /// How many pages a book may have; nil for any number. A longer one is not begun.
  var pages: Int?
  /// Reads the second half of the book meanwhile; nil to read it all here.
  var secondHalf: PostgresSession?

  func run(_ connection: inout PostgresConnection) throws(PostgresError) -> Ending {
    let server = try connection.timeline()
    do throws(PostgresError) {
      let ending = try read(server, &connection)
      _ = try connection.query(PostgresCall(SettlingStatements.commit))
      return ending
    } catch {
      try connection.rollBack()
      throw error
    }
  }

  private func read(
    _ server: PostgresTimeline?, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> Ending {
    let names: [PostgresParameter] = [.int2Array([shard.rawValue])]
    let most = Int32(clamping: pages.map { $0 * Int(pageSize) } ?? 0)
    let head = try connection.pipeline([
      PostgresCall(SettlingStatements.beginSnapshot),
      PostgresCall(SettlingStatements.bookCursor, [.int2(shard.rawValue)]),
      PostgresCall(SettlingStatements.bookPrices, names), PostgresCall(SettlingStatements.bookPhases, names),
      PostgresCall(RestorationStatements.read), page(behind: .first),
      PostgresCall(SettlingStatements.bookLength, [.int2(shard.rawValue), .int4(pages == nil ? 0 : most &+ 1)]),
      PostgresCall(AuctionStatements.ofBooks, names), PostgresCall(SettlingStatements.bookInstruments, names),
    ])
    guard head[1].count == 1 else { return .none }
    if pages != nil, head[6].int8(0, 0) > most { return .tooLong }
    let processed = Sequence(rawValue: head[1].int8(0, 0))
    var parts: [FoundBook.Part] = []
    let half = try half(&connection)
    _ = try connection.query(PostgresCall(DayStatements.mark))
    // The snapshot is there for as long as this transaction is.
    defer { half?.begun.wait() }
    try read(head[5], through: processed, to: half?.start, &parts, &connection)
    return .book(
      FoundBook(
        head: ShardBook(
          shard: shard, processed: processed, orders: [], lastPrices: Self.prices(head[2]),
          phases: try PhaseColumns.read(head[3])[shard] ?? [:],
          auctions: try AuctionColumns.read(head[7])[shard] ?? [:],
          instruments: (0..<head[8].count).map { InstrumentID(rawValue: head[8].int4($0, 0)) },
          timeline: server.map { DatabaseTimeline($0, restoration: head[4].int8(0, 0)) } ?? .unnamed),
        parts: parts, others: half?.parts))
  }

  /// Pages of open orders and their rows.
  /// - Parameters:
  ///   - page: The first page.
  ///   - end: The last order that is read; nil for the last of the book.
  private func read(
    _ page: PostgresRows, through processed: Sequence, to end: OpenOrderPlace?, _ parts: inout [FoundBook.Part],
    _ connection: inout PostgresConnection
  ) throws(PostgresError) {
    var keys = OpenOrderPage(page, through: processed, to: end)
    while true {
      let next = keys.count == pageSize ? keys.last : nil
      let answers = try rows(of: keys, and: next.map { self.page(behind: $0) }, &connection)
      // Rows are taken apart beside the server's work on the next page.
      let (found, shard) = (answers.orders, shard)
      parts.append(
        Task {
          Result { () throws(PostgresError) in
            var orders: [OrderRecord] = []
            for (keys, rows) in found {
              for row in 0..<rows.count { orders.append(try BookColumns.read(rows, row, of: keys, in: shard)) }
            }
            return orders
          }
        })
      guard let following = answers.page else { break }
      keys = OpenOrderPage(following, through: processed, to: end)
    }
  }

  // MARK: The second half

  /// The half of a long book that another connection reads, in the same snapshot.
  private struct Half {
    /// The last order before it.
    let start: OpenOrderPlace
    /// Open once the other connection has the snapshot, or never will.
    let begun: Latch
    let parts: Task<Result<[FoundBook.Part], PostgresError>, Never>
  }

  private func half(_ connection: inout PostgresConnection) throws(PostgresError) -> Half? {
    guard let secondHalf else { return nil }
    // Before the mark: no snapshot is given away behind one.
    let answers = try connection.pipeline([
      PostgresCall(SettlingStatements.bookMiddle, [.int2(shard.rawValue)]),
      PostgresCall(SettlingStatements.exportSnapshot),
    ])
    guard answers[0].count == 1 else { return nil }
    let start = OpenOrderPlace(answers[0], 0)
    let (snapshot, begun, reading) = (answers[1].text(0, 0), Latch(), self)
    return Half(
      start: start, begun: begun,
      parts: Task {
        defer { begun.open() }
        do throws(PostgresError) {
          return .success(
            try await secondHalf.use { (connection) throws(PostgresError) in
              try reading.follow(snapshot, behind: start, begun, &connection)
            })
        } catch {
          return .failure(error)
        }
      })
  }

  /// Reads what comes behind an order, in another transaction's snapshot.
  private func follow(
    _ snapshot: String, behind start: OpenOrderPlace, _ begun: Latch, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> [FoundBook.Part] {
    do throws(PostgresError) {
      _ = try connection.query(PostgresCall(SettlingStatements.beginSnapshot))
      guard snapshot.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || Self.isHexadecimal($0) }) else {
        throw .unknownValue("a snapshot is called \(snapshot)")
      }
      try connection.execute(SettlingStatements.takeSnapshot(snapshot))
      begun.open()
      let head = try connection.pipeline([
        PostgresCall(SettlingStatements.bookCursor, [.int2(shard.rawValue)]), page(behind: start),
        PostgresCall(DayStatements.mark),
      ])
      var parts: [FoundBook.Part] = []
      if head[0].count == 1 {
        try read(
          head[1], through: Sequence(rawValue: head[0].int8(0, 0)), to: nil, &parts, &connection)
      }
      _ = try connection.query(PostgresCall(SettlingStatements.commit))
      return parts
    } catch {
      try connection.rollBack()
      throw error
    }
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte)
  }

  // MARK: Statements

  private func page(behind place: OpenOrderPlace) -> PostgresCall {
    PostgresCall(
      SettlingStatements.bookPage, [.int2(shard.rawValue)] + place.parameters + [.int4(pageSize)])
  }

  /// The rows of a page's orders, with the next page in the last flush. Behind each flush the locks of days' tables are given
  /// back, those included that preparing the statements took: the mark stands before.
  private func rows(
    of keys: OpenOrderPage, and next: PostgresCall?, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> (orders: [(keys: [OpenOrderKey], rows: PostgresRows)], page: PostgresRows?) {
    var orders: [(keys: [OpenOrderKey], rows: PostgresRows)] = []
    var days = keys.byDay.sorted { $0.key < $1.key }[...]
    repeat {
      let some = days.prefix(Self.daysAtOnce)
      days = days.dropFirst(some.count)
      var calls = some.map { PostgresCall(SettlingStatements.bookRows(day: $0.key), BookColumns.parameters($0.value)) }
      if days.isEmpty, let next { calls.append(next) }
      guard !calls.isEmpty else { break }
      let answers = try connection.pipeline(calls + [PostgresCall(DayStatements.release)])
      orders += zip(some, answers).map { ($0.value, $1) }
      if days.isEmpty, next != nil { return (orders, answers[some.count]) }
    } while !days.isEmpty
    return (orders, nil)
  }

  private static func prices(_ rows: PostgresRows) -> [InstrumentID: Price] {
    Dictionary(
      uniqueKeysWithValues: (0..<rows.count).map {
        (InstrumentID(rawValue: rows.int4($0, 1)), Price(rawValue: rows.int8($0, 2)))
      })
  }
}

/// A book whose orders are still being taken out of the server's answers.
struct FoundBook: Sendable {
  /// Orders of a page.
  typealias Part = Task<Result<[OrderRecord], PostgresError>, Never>

  fileprivate let head: ShardBook
  fileprivate let parts: [Part]
  /// Those of the second half, where it is read apart.
  fileprivate let others: Task<Result<[Part], PostgresError>, Never>?

  /// The book, with its orders in order.
  func whole() async throws(PostgresError) -> ShardBook {
    var orders: [OrderRecord] = []
    for part in parts { orders += try await part.value.get() }
    if let others = try await others?.value.get() {
      for part in others { orders += try await part.value.get() }
    }
    var book = head
    book.orders = Self.inOrder(orders)
    return book
  }

  /// By priority, activation and identifier. Records are large: their places are sorted, and each is moved once.
  private static func inOrder(_ orders: [OrderRecord]) -> [OrderRecord] {
    struct Place {
      var priority: Sequence
      var activation: Int32
      var id: OrderID
      var index: Int
    }
    var places = orders.indices.map { index in
      Place(
        priority: orders[index].priority, activation: orders[index].conditions?.activation ?? 0, id: orders[index].id,
        index: index)
    }
    places.sort { ($0.priority, $0.activation, $0.id) < ($1.priority, $1.activation, $1.id) }
    return places.map { orders[$0.index] }
  }
}
