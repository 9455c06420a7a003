import Glibc
import Postgres
import TestKit
import Testing

extension FaultTests {
  /// A manual market's day, while leaders die between its steps and Redis loses everything.
  struct MarketDay {
    @Test func aDayIsCollectedOpenedTradedClosedAndFollowedByTheNext() async throws {
      var floor = try await Exchange()
      // The first leader dies in the middle of the second stage, when it has told half of the instruments.
      let first = try await floor.startWorker(.init(killPoint: "market.told:12"))
      try await floor.stack.untilOwned()
      try await floor.startWorker()
      try await floor.market("pre-open")
      #expect(first.exitStatus == 128 + SIGKILL)

      let buy = try floor.place(0, "buy", 10, "101.00", "day")
      let sell = try floor.place(1, "sell", 6, "99.00", "day")
      try await floor.untilSettled()
      #expect(try floor.order(buy, 0) == "new 0" && floor.order(sell, 1) == "new 0")
      let indication = try floor.indication()
      #expect(indication.contains("\"phase\":\"pre_open\",\"price\":101,\"paired\":6,\"imbalance\":4"), "\(indication)")
      #expect(try floor.depth().contains("\"b\":[],\"a\":[]"), "what is collected stands in no book")
      try await floor.market("open")
      #expect(try floor.number("SELECT price FROM trades") == 1_010_000)
      #expect(try floor.order(buy, 0) == "partially_filled 6" && floor.order(sell, 1) == "filled 6")

      let second = try floor.place(2, "sell", 2, "101.00", "ioc")
      try await floor.eventually("it trades at once") { try floor.order(second, 2) == "filled 2" }
      let kept = try floor.place(3, "buy", 5, "90.00", "gtc")
      let closeBuy = try floor.place(4, "buy", 7, "102.00", "cls")
      let closeSell = try floor.place(5, "sell", 7, "100.00", "cls")
      try await floor.killLeader()
      try floor.stack.redis.restartEmpty()
      try await floor.startWorker()
      try await floor.market("close")
      #expect(try floor.order(closeBuy, 4) == "filled 7" && floor.order(closeSell, 5) == "filled 7")
      #expect(try floor.order(buy, 0) == "expired 8" && floor.order(kept, 3) == "new 0")
      #expect(try floor.held(0) == 0 && floor.held(3) == 450_0000)
      // Both auctions of the day are told, at their prices.
      let auctions = try floor.auctions()
      #expect(auctions.contains(#""p":101,"s":6,"c":"O"}]"#) && auctions.contains(#""s":7,"c":"6"}]"#), "\(auctions)")

      let late = try floor.place(0, "buy", 1, "95.00", "day")
      // What trades at once or not at all is refused at entry by what the log tells, processed or not.
      for time in ["ioc", "fok"] { #expect(try floor.refusal(1, "sell", 1, "90.00", time) == "market_closed") }
      try await floor.untilSettled()
      #expect(try floor.order(late, 0) == "new 0")
      try await floor.killLeader()
      try await floor.startWorker()
      try await floor.market("open")
      try await floor.market("open")
      #expect(try floor.order(late, 0) == "new 0" && floor.held(0) == 95_0000)
      let (status, text) = try await floor.stack.run(["market", "pre-open"])
      #expect(status == 1 && text.contains("the market is open; close it first"), "\(text)")
      try await floor.market("close")
      #expect(try floor.order(late, 0) == "expired 0" && floor.order(kept, 3) == "new 0" && floor.held(0) == 0)
      try await floor.expectRest()
    }

    /// An hour in a second: a short day, from before its opening to behind its close.
    @Test func aSimulatedDayRunsByItself() async throws {
      let stack = try await ScratchStack()
      let options = ["--market-clock", "simulated", "--market-speed", "3600", "--market-start", "2026-11-27T08:30"]
      let worker = try await stack.startWorker(.init(options: options))
      // Half an hour of collecting is half a second: a machine that is slow leaves it out, as what is over.
      let reported = """
        SELECT count(*) FROM command_log
        WHERE kind = 3 AND side = 0 AND order_type > 0 AND price = date '2026-11-27' - date '1970-01-01'
        """
      func count() throws -> Int64 {
        var connection = try stack.postgres.connect()
        return try connection.query(PostgresCall(.init("told", reported))).int8(0, 0)
      }
      for _ in 0..<6_000 {
        if try count() >= Int64(2 * ScratchStack.instruments) { break }
        try await Task.sleep(for: .milliseconds(10))
      }
      #expect(
        try count() == Int64(2 * ScratchStack.instruments), "\(worker.exitStatus ?? 0) \(worker.log.suffix(3_000))")
      let (status, text) = try await stack.run(["market", "status"])
      #expect(status == 0 && text.contains("clock: simulated"), "\(text)")
      #expect(try await stack.run(["market", "open"]).text.contains("it is not driven by hand"))
    }
  }
}

/// An exchange that is opened and closed by hand.
private struct Exchange {
  let stack: ScratchStack
  private let gateway: ScratchGateway
  private var workers: [ChildProcess] = []

  init() async throws {
    stack = try await ScratchStack()
    gateway = try await stack.startGateway(.init(options: ["--market-clock", "manual"]))
  }

  @discardableResult
  mutating func startWorker(_ deviations: ScratchStack.Deviations = .init()) async throws -> ChildProcess {
    var deviations = deviations
    deviations.options += ["--market-clock", "manual"]
    let worker = try await stack.startWorker(deviations)
    workers.append(worker)
    return worker
  }

  /// Kills the worker that was elected last.
  mutating func killLeader() async throws {
    var connection = try stack.postgres.connect()
    let rows = try connection.query(PostgresCall(.init("leader", "SELECT worker FROM leadership")))
    let name = rows.text(0, 0)
    let leader = try #require(workers.first { $0.exitStatus == nil && $0.log.contains(name) })
    _ = try await leader.stop(SIGKILL)
  }

  /// Has the market come to a stage.
  func market(_ word: String) async throws {
    let (status, text) = try await stack.run(["market", word, "--wait", "60s"], within: 90)
    #expect(status == 0, "\(text)")
  }

  func place(_ account: Int, _ side: String, _ quantity: Int, _ price: String, _ time: String) throws -> String {
    let answer = try send(account, side, quantity, price, time)
    return try #require(answer.status == 200 ? answer.text("id") : nil, "\(answer.status): \(answer.body)")
  }

  /// Why an order is refused.
  func refusal(_ account: Int, _ side: String, _ quantity: Int, _ price: String, _ time: String) throws -> String? {
    try send(account, side, quantity, price, time).text("reason")
  }

  private func send(
    _ account: Int, _ side: String, _ quantity: Int, _ price: String, _ time: String
  ) throws -> HTTPCaller.Answer {
    let body = """
      {"symbol":"S0","qty":"\(quantity)","side":"\(side)","type":"limit","time_in_force":"\(time)",\
      "limit_price":"\(price)"}
      """
    return try #require(gateway.caller(account: account).call("POST", "/v2/orders", body))
  }

  /// What past auctions traded.
  func auctions() throws -> String {
    let today = try #require(gateway.caller(account: 0).call("GET", "/v2/stocks/S0/auctions?start=2020-01-01"))
    return today.body
  }

  /// An order's status and how much of it is filled.
  func order(_ id: String, _ account: Int) throws -> String {
    let answer = try #require(gateway.caller(account: account).call("GET", "/v2/orders/\(id)"))
    return "\(answer.text("status") ?? "?") \(answer.text("filled_qty") ?? "?")"
  }

  func indication() throws -> String {
    try #require(gateway.caller(account: 0).call("GET", "/v2/stocks/S0/indication")).body
  }

  func depth() throws -> String { try #require(gateway.caller(account: 0).call("GET", "/v2/stocks/S0/depth")).body }

  /// What an account holds for its open buys, in 1/10000 dollar.
  func held(_ account: Int) throws -> Int64 { try number("SELECT held FROM accounts WHERE name = 'A\(account)'") }

  func untilSettled() async throws {
    try await eventually("all is settled") {
      try number("SELECT sum(last_sequence - processed_sequence) FROM shard_logs JOIN shard_cursors USING (shard)") == 0
    }
  }

  /// Every stage was told every instrument once, and the audit passes.
  func expectRest() async throws {
    try await untilSettled()
    #expect(try number(FaultStand.stagesInstructedTwice) == 0)
    #expect(
      try number(
        "SELECT min(n) * 1000 + max(n) FROM (SELECT count(*) AS n FROM command_log WHERE kind = 3 AND side = 0 "
          + "GROUP BY instrument_id) AS steps") == 6006)
    let (status, text) = try await stack.run(["audit", "--replay"], within: 120)
    #expect(status == 0, "\(text)")
  }

  func number(_ sql: String) throws -> Int64 {
    var connection = try stack.postgres.connect()
    return try connection.query(PostgresCall(.init("number", "SELECT (\(sql))::bigint"))).int8(0, 0)
  }

  func eventually(_ what: Comment, _ condition: () throws -> Bool) async throws {
    for _ in 0..<3_000 {
      if try condition() { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("never: \(what)")
  }
}
