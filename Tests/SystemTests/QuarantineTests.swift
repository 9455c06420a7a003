import Glibc
import Postgres
import TestKit
import Testing

extension FaultTests {
  /// A command that makes workers fail again and again is set aside; its shard goes on; an operator brings it back.
  struct Quarantine {
    /// The instrument whose shard, 3, gets the bad order.
    private static let symbol = "S3"

    @Test func anOrderThatTheDatabaseRefusesIsSetAsideAndComesBack() async throws {
      let floor = try await Floor(workers: 2)
      try floor.execute(Self.refusal)
      let poison = try floor.place(account: 0, "buy", 10, Self.symbol, "100.00", name: "poison 1")
      try await floor.expectTrading(in: [Self.symbol, "S5"])
      try await floor.expectQuarantined(sequence: 1, "PostgreSQL refused (P0001): no poison here")
      let metrics = floor.metrics()
      #expect(metrics.count { $0.contains("\nbuttonwood_commands_quarantined_total 1\n") } == 1)
      #expect(metrics.count { $0.contains("buttonwood_settlements_retried_total{reason=\"deadlock\"}") } == 2)
      #expect(metrics.count { $0.contains("buttonwood_accepts_retried_total{reason=\"lock_timeout\"} 0") } == 1)
      #expect(try floor.status(of: poison, account: 0) == "accepted")
      #expect(try floor.heldCash(account: 0) == 1_000)

      // Its owner's cancel is rejected in truth, and the order can be canceled again.
      #expect(floor.call("DELETE", "/v2/orders/\(poison)", account: 0)?.status == 204)
      try await floor.eventually("the cancel is rejected") {
        try floor.number("SELECT count(*) FROM order_events WHERE kind = 7 AND order_id = '\(poison)'") == 1
      }
      #expect(try floor.status(of: poison, account: 0) == "accepted")

      try floor.execute("DROP TRIGGER refuse ON order_events")
      try await floor.operate(["retry", "3", "1"], "shard 3 sequence 1 is retried as sequence 5")
      try await floor.eventually("it is in the book") { try floor.status(of: poison, account: 0) == "new" }
      try await floor.operate(["retry", "3", "1"], "shard 3 sequence 1 was retried already, as sequence 5")
      _ = try floor.place(account: 1, "sell", 10, Self.symbol, "100.00")
      try await floor.eventually("it is filled") { try floor.status(of: poison, account: 0) == "filled" }

      try floor.execute(Self.trigger)
      let other = try floor.place(account: 0, "buy", 3, Self.symbol, "90.00", name: "poison 2")
      try await floor.expectTrading(in: [Self.symbol])
      try await floor.expectQuarantined(sequence: 7, "no poison here")
      try floor.execute("DROP TRIGGER refuse ON order_events")
      try await floor.operate(
        ["refuse", "--reason", "we do not want it", "3", "7"], "shard 3 sequence 7 is refused as sequence 10")
      try await floor.eventually("it is rejected") { try floor.status(of: other, account: 0) == "rejected" }
      try await floor.expectRest()
    }

    @Test(arguments: ["retry", "refuse"])
    func anOrderThatKillsWorkersIsSetAsideAndComesBack(how: String) async throws {
      let floor = try await Floor(workers: 0)
      let killPoint = "apply.3-2"
      var worker = try await floor.stack.startWorker(.init(killPoint: killPoint))
      try await floor.stack.untilOwned()
      _ = try floor.place(account: 3, "buy", 1, Self.symbol, "80.00")
      let poison = try floor.place(account: 0, "buy", 10, Self.symbol, "100.00")
      var deaths = 0
      while try floor.number("SELECT count(*) FROM quarantined_commands") == 0 {
        if let status = worker.exitStatus {
          try #require(status == 128 + SIGKILL)
          deaths += 1
          try #require(deaths <= 8, "it goes on killing workers")
          worker = try await floor.stack.startWorker(.init(killPoint: killPoint))
        }
        try await Task.sleep(for: .milliseconds(5))
      }
      // Two in a batch, and then three that took it alone.
      #expect(deaths == 5)
      try await floor.expectTrading(in: [Self.symbol, "S5"])
      try await floor.expectQuarantined(sequence: 2, "the worker died 3 times while carrying it out")
      #expect(try floor.status(of: poison, account: 0) == "accepted")

      if how == "retry" {
        try await floor.operate(["retry", "3", "2"], "shard 3 sequence 2 is retried as sequence 5")
        _ = try floor.place(account: 1, "sell", 10, Self.symbol, "100.00")
        try await floor.eventually("it is filled") { try floor.status(of: poison, account: 0) == "filled" }
      } else {
        // Operators need no worker.
        try await worker.stop(SIGTERM)
        try await floor.operate(["refuse", "3", "2", "--reason", "it kills"], "is refused as sequence 5")
        #expect(try floor.heldCash(account: 0) == 1_000)
        worker = try await floor.stack.startWorker()
        try await floor.eventually("it is rejected") { try floor.status(of: poison, account: 0) == "rejected" }
      }
      try await floor.expectRest()
      #expect(worker.exitStatus == nil)
    }

    /// Steps of the day, parts of an expiry and halts too: they come back, or are left out and the day goes on.
    @Test func whatTheExchangeItselfAsksForIsSetAsideAndComesBack() async throws {
      let floor = try await Floor(workers: 2, options: ["--market-clock", "manual"])
      try await floor.market("pre-open")
      try floor.execute(Self.refusals)
      try floor.execute(Self.phaseTrigger)
      try await floor.market("open", wait: "0s")
      let opening = try await floor.setAside("step", "S3 to ")
      try floor.execute("DROP TRIGGER refuse ON instrument_phases")
      try await floor.operate(["retry", "3", "\(opening)"], "is retried as sequence")
      try await floor.market("open")

      let orders = try ["S3", "S5"].map { try floor.place(account: 0, "buy", 10, $0, "90.00", time: "day") }
      try floor.execute(Self.expiryTrigger)
      try await floor.market("close", wait: "0s")
      let part = try await floor.setAside("expire", "S3")
      try await floor.eventually("others expire") { try floor.status(of: orders[1], account: 0) == "expired" }
      try await floor.eventually("the leader reports it") {
        floor.logs.contains("orders whose time is over do not end")
      }
      #expect(try floor.status(of: orders[0], account: 0) == "new")
      try floor.execute("DROP TRIGGER refuse ON order_events")
      try await floor.operate(["retry", "3", "\(part)"], "is retried as sequence")
      try await floor.market("close")
      #expect(try floor.status(of: orders[0], account: 0) == "expired")
      while let rest = try floor.firstSetAside() {
        try await floor.operate(["refuse", "3", "\(rest)", "--reason", "done"], "is refused as sequence")
      }

      try floor.execute(Self.phaseTrigger)
      #expect(try await floor.stack.run(["instrument", "halt", "S3", "--reason", "news"]).status == 0)
      let halt = try await floor.setAside("halt", "S3")
      try floor.execute("DROP TRIGGER refuse ON instrument_phases")
      #expect(try await floor.stack.run(["instrument", "resume", "S3"]).status == 0)
      let (status, text) = try await floor.stack.run(["quarantine", "retry", "3", "\(halt)"])
      #expect(status == 1 && text.contains("has been told otherwise since"), "\(text)")
      try await floor.operate(["refuse", "3", "\(halt)", "--reason", "over"], "is refused as sequence")

      try floor.execute(Self.phaseTrigger)
      try await floor.market("open", wait: "0s")
      let next = try await floor.setAside("step", "S3 to ")
      try floor.execute("DROP TRIGGER refuse ON instrument_phases")
      try await floor.operate(["refuse", "3", "\(next)", "--reason", "not today"], "is refused as sequence")
      try await floor.market("close")
      try await floor.market("open")
      try await floor.expectTrading(in: ["S3", "S5"])
      try await floor.expectRest()
    }

    /// Refuse that S3 changes its stage, and that its orders expire.
    private static let refusals = """
      CREATE FUNCTION refuse_phase() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.instrument_id = (SELECT instrument_id FROM instruments WHERE symbol = 'S3') THEN
          RAISE EXCEPTION 'no change here';
        END IF;
        RETURN NEW;
      END $$;
      CREATE FUNCTION refuse_expiry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.kind = 6 AND NEW.instrument_id = (SELECT instrument_id FROM instruments WHERE symbol = 'S3') THEN
          RAISE EXCEPTION 'no expiry here';
        END IF;
        RETURN NEW;
      END $$
      """
    private static let phaseTrigger = """
      CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON instrument_phases
        FOR EACH ROW EXECUTE FUNCTION refuse_phase()
      """
    private static let expiryTrigger =
      "CREATE TRIGGER refuse BEFORE INSERT ON order_events FOR EACH ROW EXECUTE FUNCTION refuse_expiry()"

    /// Refuses whatever is to be told of an order that its client calls poison.
    private static let refusal = """
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF EXISTS (SELECT FROM orders o WHERE o.account_id = NEW.account_id AND o.order_id = NEW.order_id
          AND o.client_order_id LIKE 'poison%') AND NEW.kind <> 7 THEN
          RAISE EXCEPTION 'no poison here';
        END IF;
        RETURN NEW;
      END $$;
      \(trigger)
      """
    private static let trigger =
      "CREATE TRIGGER refuse BEFORE INSERT ON order_events FOR EACH ROW EXECUTE FUNCTION refuse()"
  }
}

/// An exchange with a gateway, and what one asks of it.
private struct Floor {
  let stack: ScratchStack
  private let gateway: ScratchGateway
  private let workers: [ChildProcess]

  init(workers count: Int, options: [String] = []) async throws {
    stack = try await ScratchStack()
    gateway = try await stack.startGateway(.init(options: options))
    var workers: [ChildProcess] = []
    for _ in 0..<count { workers.append(try await stack.startWorker(.init(options: options))) }
    self.workers = workers
    if count > 0 { try await stack.untilOwned() }
  }

  /// What workers have logged.
  var logs: String { workers.map(\.log).joined() }

  /// Has a manual market come to a stage.
  func market(_ word: String, wait: String = "60s") async throws {
    try await eventually("somebody leads") {
      try number("SELECT count(*) FROM market_clock WHERE mode = 'manual'") == 1
    }
    let (status, text) = try await stack.run(["market", word, "--wait", wait], within: 90)
    #expect(status == 0, "\(text)")
  }

  /// The sequence of the first command in quarantine; all are of shard 3.
  func firstSetAside() throws -> Int64? {
    let first = try number("SELECT coalesce(min(sequence), 0) FROM quarantined_commands WHERE resolved_at IS NULL")
    return first == 0 ? nil : first
  }

  /// Waits until a command is in quarantine and listed with these words.
  func setAside(_ kind: String, _ terms: String) async throws -> Int64 {
    try await eventually("\(kind) is set aside") { try firstSetAside() != nil }
    let (status, list) = try await stack.run(["quarantine", "list"])
    #expect(status == 0 && list.contains(kind) && list.contains(terms), "\(list)")
    #expect(try await stack.run(["quarantine", "list", "--json"]).text.contains("\"kind\":\"\(kind)\""))
    return try #require(try firstSetAside())
  }

  func call(_ method: String, _ path: String, _ body: String = "", account: Int) -> HTTPCaller.Answer? {
    gateway.caller(account: account).call(method, path, body)
  }

  /// Places an order and returns its identifier.
  func place(
    account: Int, _ side: String, _ quantity: Int, _ symbol: String, _ price: String, name: String? = nil,
    time: String = "gtc"
  ) throws -> String {
    let body = """
      {"symbol":"\(symbol)","qty":"\(quantity)","side":"\(side)","type":"limit","time_in_force":"\(time)",\
      "limit_price":"\(price)"\(name.map { ",\"client_order_id\":\"\($0)\"" } ?? "")}
      """
    let answer = try #require(call("POST", "/v2/orders", body, account: account))
    return try #require(answer.status == 200 ? answer.text("id") : nil, "\(answer.status): \(answer.body)")
  }

  func status(of order: String, account: Int) throws -> String? {
    call("GET", "/v2/orders/\(order)", account: account)?.text("status")
  }

  /// Others place orders of these instruments and are filled.
  func expectTrading(in symbols: [String]) async throws {
    for symbol in symbols {
      _ = try place(account: 1, "sell", 5, symbol, "101.00")
      let buy = try place(account: 2, "buy", 5, symbol, "101.00")
      try await eventually("\(symbol) goes on") { try status(of: buy, account: 2) == "filled" }
    }
  }

  func expectQuarantined(sequence: Int, _ reason: String) async throws {
    let (status, list) = try await stack.run(["quarantine", "list"])
    #expect(status == 0 && list.contains(reason), "\(list)")
    let (_, json) = try await stack.run(["quarantine", "list", "--json"])
    #expect(json.contains("\"shard\":3,\"sequence\":\(sequence),") && json.contains(reason), "\(json)")
    let (_, fleet) = try await stack.run(["status"])
    #expect(fleet.contains("commands in quarantine: 1 of shard 3"), "\(fleet)")
    #expect(try await stack.run(["status", "--json"]).text.contains("\"quarantined\":1"))
  }

  func operate(_ words: [String], _ expected: String) async throws {
    let (status, text) = try await stack.run(["quarantine"] + words)
    #expect(status == 0 && text.contains(expected), "\(text)")
  }

  /// What the processes count.
  func metrics() -> [String] {
    stack.admins.compactMap { HTTPCaller(port: $0, key: "", secret: "").call("GET", "/metrics")?.body }
  }

  /// Everything is settled, nothing is in quarantine, no hold is left over, and the audit passes.
  func expectRest() async throws {
    try await eventually("all is settled") {
      try number("SELECT sum(last_sequence - processed_sequence) FROM shard_logs JOIN shard_cursors USING (shard)") == 0
    }
    #expect(try heldCash(account: 0) == 0)
    #expect(try await stack.run(["quarantine", "list"]).text == "no command is in quarantine\n")
    let (status, text) = try await stack.run(["audit", "--replay"], within: 120)
    #expect(status == 0, "\(text)")
  }

  func execute(_ sql: String) throws {
    var connection = try stack.postgres.connect()
    try connection.execute(sql)
  }

  func number(_ sql: String) throws -> Int64 {
    var connection = try stack.postgres.connect()
    return try connection.query(PostgresCall(.init("number", "SELECT (\(sql))::bigint"))).int8(0, 0)
  }

  /// Whole dollars.
  func heldCash(account: Int) throws -> Int64 {
    try number("SELECT held / 10000 FROM accounts WHERE name = 'A\(account)'")
  }

  func eventually(_ what: Comment, _ condition: () throws -> Bool) async throws {
    for _ in 0..<3_000 {
      if try condition() { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("never: \(what)")
  }
}
