import Postgres
import TestKit
import Testing

/// A database of a test's own.
struct Scratch {
  let url: String

  /// - Parameter name: Unique among the tests.
  init(_ name: String) throws { url = try PostgresServer.shared().makeDatabase(name) }

  func options(_ settings: [(name: String, value: String)] = []) -> PostgresOptions {
    var options = PostgresOptions(url: url, applicationName: "scratch")
    options.settings = settings
    return options
  }

  func connect(_ settings: [(name: String, value: String)] = []) throws -> PostgresConnection {
    try PostgresConnection(options(settings))
  }

  /// Ends another connection from the server's side.
  func terminate(_ pid: Int32) throws {
    var connection = try connect()
    let ended = try connection.query(
      PostgresCall(PostgresStatement("terminate", "SELECT pg_terminate_backend($1::integer, 10000)"), [.int4(pid)]))
    #expect(ended.bool(0, 0))
  }
}

extension PostgresConnection {
  /// One number.
  mutating func number(_ sql: String) throws(PostgresError) -> Int64 {
    try query(PostgresCall(PostgresStatement(sql, sql))).int8(0, 0)
  }
}

/// One row of every type, with or without NULLs.
struct EveryType: Equatable {
  static let columns = "a smallint, b integer, c bigint, d boolean, e timestamptz, f uuid, g text"
  static let names = "a, b, c, d, e, f, g"

  var a: Int16?
  var b: Int32?
  var c: Int64?
  var d: Bool?
  /// Microseconds since 1970.
  var e: Int64?
  var f: [UInt64]?
  var g: String?

  init(_ random: inout SeededRandom) {
    func maybe<Value>(_ value: Value) -> Value? { random.oneIn(4) ? nil : value }
    a = maybe(random.pick([.min, .max, 0, -1, random.number(.min ... .max)]))
    b = maybe(random.pick([.min, .max, 0, -1, random.number(.min ... .max)]))
    c = maybe(random.pick([.min, .max, 0, -1, random.number(.min ... .max)]))
    d = maybe(random.oneIn(2))
    // From the year 1 to 9999.
    e = maybe(
      random.pick([0, -1, 946_684_800_000_000, random.number(-62_135_596_800_000_000...253_402_300_799_999_999)]))
    f = maybe([random.next(), random.next()])
    g = maybe(random.pick(["", "NULL", "{\"a\",'b'\\}", "Grüße 🏛️\n\t", String(repeating: "x", count: 70_000)]))
  }

  init(_ rows: PostgresRows, _ row: Int) {
    func field<Value>(_ column: Int, _ read: (Int, Int) -> Value) -> Value? {
      rows.isNull(row, column) ? nil : read(row, column)
    }
    a = field(0, rows.int2)
    b = field(1, rows.int4)
    c = field(2, rows.int8)
    d = field(3, rows.bool)
    e = field(4, rows.timestamp)
    f = field(5) { [rows.uuid($0, $1).high, rows.uuid($0, $1).low] }
    g = field(6, rows.text)
  }

  func write(_ row: inout RowArray.Fields) {
    if let a { row.int2(a) } else { row.null(.int2) }
    if let b { row.int4(b) } else { row.null(.int4) }
    if let c { row.int8(c) } else { row.null(.int8) }
    if let d { row.bool(d) } else { row.null(.bool) }
    if let e { row.timestamp(microseconds: e) } else { row.null(.timestamptz) }
    if let f { row.uuid(f[0], f[1]) } else { row.null(.uuid) }
    if let g { row.text(g) } else { row.null(.text) }
  }

  func write(_ rows: inout CopyRows) {
    rows.row(columns: 7)
    if let a { rows.int2(a) } else { rows.null() }
    if let b { rows.int4(b) } else { rows.null() }
    if let c { rows.int8(c) } else { rows.null() }
    if let d { rows.bool(d) } else { rows.null() }
    if let e { rows.timestamp(microseconds: e) } else { rows.null() }
    if let f { rows.uuid(f[0], f[1]) } else { rows.null() }
    if let g { rows.text(g) } else { rows.null() }
  }
}
