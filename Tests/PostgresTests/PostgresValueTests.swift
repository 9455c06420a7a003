import Postgres
import TestKit
import Testing

@Suite struct PostgresValueTests {
  @Test(arguments: [1, 2] as [UInt64])
  func rowsOfEveryTypeComeBackThroughUnnest(seed: UInt64) throws {
    let scratch = try Scratch("unnest_\(seed)")
    var random = SeededRandom(seed: seed)
    var connection = try scratch.connect()
    try connection.execute("CREATE TYPE every_type AS (\(EveryType.columns))")
    let statement = PostgresStatement(
      "every", "SELECT u.* FROM unnest($1::every_type[]) WITH ORDINALITY AS u(\(EveryType.names), n) ORDER BY n")
    for count in [0, 1, 2, 300] {
      let sent = (0..<count).map { _ in EveryType(&random) }
      var array = RowArray()
      for row in sent { array.append { row.write(&$0) } }
      #expect(array.count == count)
      let rows = try connection.query(PostgresCall(statement, rows: array, of: "every_type"))
      #expect((0..<rows.count).map { EveryType(rows, $0) } == sent, "seed \(seed)")
    }
  }

  @Test(arguments: [1, 7, 99, 100, 101])
  func partsOfRowsAreTheSameRows(limit: Int) throws {
    let scratch = try Scratch("parts_\(limit)")
    var random = SeededRandom(seed: 3)
    var connection = try scratch.connect()
    try connection.execute("CREATE TYPE every_type AS (\(EveryType.columns))")
    let statement = PostgresStatement(
      "every", "SELECT u.* FROM unnest($1::every_type[]) WITH ORDINALITY AS u(\(EveryType.names), n) ORDER BY n")
    let sent = (0..<100).map { _ in EveryType(&random) }
    var array = RowArray()
    for row in sent { array.append { row.write(&$0) } }
    let parts = array.parts(of: limit)
    #expect(parts.count == (100 + limit - 1) / limit && parts.allSatisfy { (1...limit).contains($0.count) })
    var found: [EveryType] = []
    for part in parts {
      let rows = try connection.query(PostgresCall(statement, rows: part, of: "every_type"))
      found += (0..<rows.count).map { EveryType(rows, $0) }
    }
    #expect(found == sent)
  }

  @Test(arguments: [1, 2] as [UInt64])
  func rowsOfEveryTypeComeBackThroughCopy(seed: UInt64) throws {
    let scratch = try Scratch("copy_\(seed)")
    var random = SeededRandom(seed: seed)
    var connection = try scratch.connect()
    try connection.execute("CREATE TABLE every (\(EveryType.columns), n bigint GENERATED ALWAYS AS IDENTITY)")
    let sent = (0..<300).map { _ in EveryType(&random) }
    for part in [sent[..<0], sent[..<100], sent[100...]] {
      var rows = CopyRows()
      for row in part { row.write(&rows) }
      try connection.copyIn("COPY every (\(EveryType.names)) FROM STDIN (FORMAT binary)", rows)
    }
    let statement = PostgresStatement("all", "SELECT \(EveryType.names) FROM every ORDER BY n")
    let rows = try connection.query(PostgresCall(statement))
    #expect((0..<rows.count).map { EveryType(rows, $0) } == sent, "seed \(seed)")
    // Rows that do not fit are refused whole, and the connection goes on.
    var short = CopyRows()
    short.row(columns: 1)
    short.int2(1)
    let error = #expect(throws: PostgresError.self) {
      try connection.copyIn("COPY every (\(EveryType.names)) FROM STDIN (FORMAT binary)", short)
    }
    #expect(error?.state == "22P04")
    #expect(connection.isIdle == true)
    #expect(try connection.number("SELECT count(*) FROM every") == 300)
  }

  @Test func plainParametersComeBack() throws {
    let scratch = try Scratch("plain_parameters")
    var connection = try scratch.connect()
    let statement = PostgresStatement(
      "plain",
      """
      SELECT $1::smallint, $2::integer, $3::bigint, $4::boolean, $5::timestamptz, $6::uuid, $7::text, $8::bytea,
        $9::text, $10::bytea, $11::text, $5::timestamptz = '2026-01-02T14:30:00Z', $6::uuid::text
      """)
    let rows = try connection.query(
      PostgresCall(
        statement,
        [
          .int2(-2), .int4(.min), .int8(.max), .bool(true), .timestamp(microseconds: 1_767_364_200_000_000),
          .uuid(0x0123_4567_89AB_CDEF, 1), .text("a'b\"ü"), .bytea([0, 255, 0]), .text(""), .bytea([]), .null,
        ]))
    #expect(rows.count == 1)
    #expect(rows.int2(0, 0) == -2 && rows.int4(0, 1) == .min && rows.int8(0, 2) == .max && rows.bool(0, 3))
    #expect(rows.timestamp(0, 4) == 1_767_364_200_000_000 && rows.bool(0, 11), "the server reads the same moment")
    #expect(rows.uuid(0, 5) == (0x0123_4567_89AB_CDEF, 1) && rows.text(0, 12) == "01234567-89ab-cdef-0000-000000000001")
    #expect(rows.text(0, 6) == "a'b\"ü" && rows.bytea(0, 7) == [0, 255, 0])
    #expect(!rows.isNull(0, 8) && rows.text(0, 8).isEmpty && !rows.isNull(0, 9) && rows.bytea(0, 9).isEmpty)
    #expect(rows.isNull(0, 10), "an empty value is not NULL, and NULL is")
  }

  @Test func arraysOfNumbersAndIdentifiersArrive() throws {
    let scratch = try Scratch("plain_arrays")
    var connection = try scratch.connect()
    let statement = PostgresStatement(
      "arrays",
      """
      SELECT (SELECT coalesce(sum(x), 0)::bigint FROM unnest($1::smallint[]) x),
        (SELECT coalesce(sum(x), 0)::bigint FROM unnest($2::integer[]) x),
        (SELECT coalesce(max(x), 0)::bigint FROM unnest($3::bigint[]) x), cardinality($4::uuid[])::bigint,
        coalesce($4[2]::text, '')
      """)
    let full = try connection.query(
      PostgresCall(
        statement, [.int2Array([1, -3]), .int4Array([.max, 1]), .int8Array([.max]), .uuidArray([(1, 2), (3, 4)])]))
    #expect((0..<4).map { full.int8(0, $0) } == [-2, 2_147_483_648, .max, 2])
    #expect(full.text(0, 4) == "00000000-0000-0003-0000-000000000004")
    let empty = try connection.query(
      PostgresCall(statement, [.int2Array([]), .int4Array([]), .int8Array([]), .uuidArray([])]))
    #expect((0..<4).map { empty.int8(0, $0) } == [0, 0, 0, 0])
  }

  @Test func textWithAZeroByteIsRefusedByTheServer() throws {
    let scratch = try Scratch("zero_byte")
    var connection = try scratch.connect()
    let statement = PostgresStatement("zero", "SELECT $1::text")
    let error = #expect(throws: PostgresError.self) {
      try connection.query(PostgresCall(statement, [.text("a\u{0}b")]))
    }
    #expect(error?.state == "22021")
    #expect(try connection.query(PostgresCall(statement, [.text("ab")])).text(0, 0) == "ab")
  }
}
