import Postgres
import TestKit
import Testing

@Suite struct PostgresConnectionTests {
  private let insert = PostgresStatement("insert", "INSERT INTO numbers VALUES ($1::bigint)")
  private let count = "SELECT count(*) FROM numbers"

  private func connect(_ name: String) throws -> PostgresConnection {
    var connection = try Scratch(name).connect()
    try connection.execute("CREATE TABLE numbers (n bigint PRIMARY KEY)")
    return connection
  }

  private func call(_ number: Int64) -> PostgresCall { PostgresCall(insert, [.int8(number)]) }

  @Test func aPipelineIsOneTransactionAndAnswersInOrder() throws {
    var connection = try connect("pipeline_order")
    let find = PostgresStatement("find", "SELECT n FROM numbers WHERE n >= $1::bigint ORDER BY n")
    let answers = try connection.pipeline([call(1), call(2), PostgresCall(find, [.int8(1)]), call(3)])
    #expect(answers.map(\.affected) == [1, 1, 2, 1])
    #expect((0..<2).map { answers[2].int8($0, 0) } == [1, 2])
    #expect(connection.isIdle == true)
    #expect(try connection.pipeline([]).isEmpty)
    #expect(try connection.number(count) == 3)
  }

  @Test func aRefusalInAPipelineUndoesItAndLeavesTheConnectionUsable() throws {
    var connection = try connect("pipeline_refusal")
    for round in 0..<3 {
      let error = #expect(throws: PostgresError.self) {
        try connection.pipeline([call(1), call(2), call(1), call(3)])
      }
      #expect(error?.state == "23505", "round \(round)")
      #expect(connection.isIdle == true)
      #expect(try connection.number(count) == 0)
    }
    _ = try connection.pipeline([call(1), call(2)])
    #expect(try connection.number(count) == 2)
  }

  @Test func aStatementThatCannotBePreparedStopsThePipelineBeforeAnythingRuns() throws {
    var connection = try connect("pipeline_syntax")
    let nonsense = PostgresCall(PostgresStatement("nonsense", "SELEC 1"))
    let error = #expect(throws: PostgresError.self) { try connection.pipeline([call(1), nonsense]) }
    #expect(error?.state == "42601")
    var rows = RowArray()
    rows.append { $0.int8(1) }
    let unknown = PostgresCall(PostgresStatement("unknown", "SELECT $1::text"), rows: rows, of: "no_such_type")
    #expect(#expect(throws: PostgresError.self) { try connection.query(unknown) }?.state == "42704")
    #expect(connection.isIdle == true)
    #expect(try connection.number(count) == 0)
  }

  @Test func anExplicitTransactionEndsAsItIsReported() throws {
    var connection = try connect("explicit_transaction")
    try connection.execute("BEGIN")
    _ = try connection.pipeline([call(1), call(2)])
    #expect(connection.isIdle == false)
    try connection.rollBack()
    #expect(connection.isIdle == true)
    #expect(try connection.number(count) == 0)
    try connection.execute("BEGIN")
    _ = try connection.query(call(1))
    try connection.execute("COMMIT")
    #expect(try connection.number(count) == 1)
    try connection.execute("BEGIN")
    #expect(#expect(throws: PostgresError.self) { try connection.pipeline([call(2), call(1)]) }?.state == "23505")
    #expect(#expect(throws: PostgresError.self) { try connection.query(call(3)) }?.state == "25P02", "aborted")
    try connection.rollBack()
    try connection.rollBack()
    #expect(try connection.number(count) == 1)
  }

  @Test func aStatementIsPreparedOnceAndOutlivesARefusal() throws {
    var connection = try connect("prepared_once")
    try connection.execute("BEGIN")
    _ = try connection.query(call(1))
    try connection.rollBack()
    for number in 1...5 { _ = try connection.query(call(Int64(number))) }
    _ = try? connection.query(call(5))
    _ = try connection.query(call(6))
    #expect(try connection.number("SELECT count(*) FROM pg_prepared_statements WHERE name = 'insert'") == 1)
    #expect(
      try connection.number("SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE name = 'insert'")
        >= 7)
    #expect(try connection.number(count) == 6)
  }

  @Test func conflictsAndTimeOutsAreReportedApart() throws {
    let scratch = try Scratch("conflicts")
    var holder = try scratch.connect()
    try holder.execute("CREATE TABLE numbers (n bigint PRIMARY KEY); INSERT INTO numbers VALUES (1)")
    try holder.execute("BEGIN; SELECT * FROM numbers FOR UPDATE")
    var waiter = try scratch.connect([("lock_timeout", "20ms"), ("statement_timeout", "60s")])
    let lock = #expect(throws: PostgresError.self) { try waiter.execute("SELECT * FROM numbers FOR UPDATE") }
    #expect(lock?.isConflict == true && lock?.isOutage == false)
    var impatient = try scratch.connect([("statement_timeout", "20ms")])
    let late = #expect(throws: PostgresError.self) { try impatient.execute("SELECT pg_sleep(60)") }
    #expect(late?.isConflict == false && late?.isOutage == true && late?.state == "57014")
    #expect(try impatient.number("SELECT 1::bigint") == 1)
  }

  @Test(arguments: [
    ("40001", true, false), ("40P01", true, false), ("55P03", true, false), ("57P01", false, true),
    ("57P03", false, true),
    ("53300", false, true), ("08006", false, true), ("25006", false, true), ("23505", false, false),
    ("42601", false, false),
  ])
  func statesReportWhatToDo(_ state: String, _ isConflict: Bool, _ isOutage: Bool) {
    let error = PostgresError.server(state: state, message: "m")
    #expect(error.isConflict == isConflict && error.isOutage == isOutage && error.description.contains(state))
    #expect(!PostgresError.connectionLost("m").isConflict && PostgresError.connectionLost("m").state == nil)
  }
}
