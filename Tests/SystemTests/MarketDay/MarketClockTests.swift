import Glibc
import Postgres
import TestKit
import Testing

extension FaultTests {
  /// The calendar's clock from before an opening until after a close, and clocks that change on a running system.
  struct MarketClocks {
    @Test func theCalendarOpensAndClosesAndOtherClocksGoOnFromThere() async throws {
      var floor = try await ClockFloor()
      let session = try await floor.nextSession()
      // Nobody directs it, and it trades.
      try await floor.follow("open")
      try await floor.expectTrading(0)
      #expect(try floor.number("SELECT count(*) FROM session_steps") == 0)

      try await floor.follow("manual")
      try await floor.untilAll(at: 2)
      try await floor.market("open")
      try await floor.untilAll(at: 1)
      try await floor.expectTrading(1)

      // By the calendar: what an operator has opened is closed before the session's day begins.
      floor.set(session.open - 1_200)
      try await floor.follow("calendar")
      try await floor.untilAll(at: 0)
      let buy = try floor.place(2, "buy", 10, "101.00", "day")
      let sell = try floor.place(3, "sell", 6, "99.00", "day")
      try await floor.untilSettled()
      #expect(try floor.order(buy, 2) == "new 0" && floor.order(sell, 3) == "new 0")
      floor.set(session.open + 1)
      try await floor.untilAll(at: 1)
      #expect(try floor.order(buy, 2) == "partially_filled 6" && floor.order(sell, 3) == "filled 6")
      try await floor.expectTrading(4)
      floor.set(session.close - 1)
      try await floor.untilAll(at: 2)
      #expect(try floor.order(buy, 2) == "expired 6")

      // And open again for good.
      try await floor.follow("open")
      try await floor.untilAll(at: 1)
      try await floor.expectTrading(6)
      try await floor.untilSettled()
      #expect(try floor.number(FaultStand.stagesInstructedTwice) == 0)
      let (status, text) = try await floor.stack.run(["audit", "--replay"], within: 120)
      #expect(status == 0, "\(text)")
    }
  }
}

/// An exchange whose processes have a clock of their own and are started again to follow another market clock.
private struct ClockFloor {
  let stack: ScratchStack
  private let clock: ScratchClock
  private var worker: ChildProcess?
  private var gateway: ScratchGateway?

  init() async throws {
    stack = try await ScratchStack()
    clock = try await ScratchClock()
    var connection = try stack.postgres.connect()
    // The session may be some days away.
    try connection.execute(
      """
      SELECT ensure_partitions(current_date - 1, 10);
      SELECT ensure_market_day(current_date - 1 + n) FROM generate_series(0, 9) AS n
      """)
  }

  /// When the next session of another day than today opens and closes, in seconds since 1970.
  func nextSession() async throws -> (open: Int, close: Int) {
    let (status, text) = try await stack.run(["calendar", "list", "--csv"])
    #expect(status == 0, "\(text)")
    let sessions = text.split(separator: "\n").dropFirst().map { line in
      line.split(separator: ",").dropFirst().map { Self.seconds(String($0)) }
    }
    return try #require(sessions.first { $0[0] > time(nil) + 86_400 }.map { ($0[0], $0[1]) }, "\(text)")
  }

  private static func seconds(_ text: String) -> Int {
    let numbers = text.split { !$0.isNumber }.compactMap { Int32($0) }
    var parts = tm()
    guard numbers.count >= 5 else { return 0 }
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
    (parts.tm_hour, parts.tm_min) = (numbers[3], numbers[4])
    return timegm(&parts)
  }

  /// Puts all clocks to a moment.
  func set(_ moment: Int) { clock.set(seconds: Int64(moment - time(nil))) }

  /// Starts all processes again with another market clock.
  mutating func follow(_ mode: String) async throws {
    if let worker { #expect(try await worker.stop(SIGTERM) == 0) }
    if let gateway { #expect(try await gateway.process.stop(SIGTERM) == 0) }
    var deviations = ScratchStack.Deviations(options: ["--market-clock", mode, "--clock-bound", "720h"])
    deviations.environment = clock.environment
    worker = try await stack.startWorker(deviations)
    gateway = try await stack.startGateway(deviations)
    try await eventually("the clock is \(mode)") {
      try number("SELECT count(*) FROM market_clock WHERE mode = '\(mode)'") == 1 ? true : nil
    }
    try await stack.untilOwned()
  }

  func market(_ word: String) async throws {
    let (status, text) = try await stack.run(["market", word, "--wait", "60s"], within: 90)
    #expect(status == 0, "\(text)")
  }

  /// Waits until all instruments stand at a stage of one day, and nothing is left to expire.
  func untilAll(at stage: Int) async throws {
    try await eventually("all are at stage \(stage)", seconds: 60) {
      let arrived = try number(
        """
        SELECT CASE WHEN count(DISTINCT p.day) = 1 THEN count(*) ELSE 0 END
        FROM instrument_phases p JOIN session_steps s USING (instrument_id, day, stage)
        WHERE p.stage = \(stage) AND s.is_cleared
        """)
      return arrived == Int64(ScratchStack.instruments) ? true : nil
    }
  }

  func place(_ account: Int, _ side: String, _ quantity: Int, _ price: String, _ life: String) throws -> String {
    let body = """
      {"symbol":"S0","qty":"\(quantity)","side":"\(side)","type":"limit","time_in_force":"\(life)","limit_price":"\(price)"}
      """
    let answer = try #require(gateway?.caller(account: account).call("POST", "/v2/orders", body))
    return try #require(answer.status == 200 ? answer.text("id") : nil, "\(answer.status): \(answer.body)")
  }

  /// An order's status and how much of it is filled.
  func order(_ id: String, _ account: Int) throws -> String {
    let answer = try #require(gateway?.caller(account: account).call("GET", "/v2/orders/\(id)"))
    return "\(answer.text("status") ?? "?") \(answer.text("filled_qty") ?? "?")"
  }

  /// Two accounts from this one on trade with each other at once, at a price of their own.
  func expectTrading(_ account: Int) async throws {
    _ = try place(account, "sell", 5, "102.00", "day")
    let buy = try place(account + 1, "buy", 5, "102.00", "day")
    try await eventually("trading") { try order(buy, account + 1) == "filled 5" ? true : nil }
  }

  func untilSettled() async throws {
    try await eventually("all is settled") {
      try number("SELECT sum(last_sequence - processed_sequence) FROM shard_logs JOIN shard_cursors USING (shard)") == 0
        ? true : nil
    }
  }

  func number(_ sql: String) throws -> Int64 {
    var connection = try stack.postgres.connect()
    return try connection.query(PostgresCall(.init("number", "SELECT (\(sql))::bigint"))).int8(0, 0)
  }

  private func eventually(_ what: String, seconds: Int = 30, _ isSo: () throws -> Bool?) async throws {
    _ = try await SystemTests.eventually(what, seconds: seconds) { try isSo() }
  }
}
