import Glibc
import Postgres
import Redis
import TestKit
import Testing

extension FaultTests {
  /// A backup is restored and Redis is as it was: it holds commands of a future that the database has lost, under numbers that
  /// the database gives out again. None of them is carried out.
  struct RestoredBackups {
    /// What becomes of the roles meanwhile, and whether the operator ends the restore as the runbook says.
    enum Way: CaseIterable, Sendable {
      case rolesStoppedAndSaid, rolesStoppedAndForgotten, rolesUpAndSaid, rolesUpAndForgotten

      var staysUp: Bool { self == .rolesUpAndSaid || self == .rolesUpAndForgotten }
      var isSaid: Bool { self == .rolesStoppedAndSaid || self == .rolesUpAndSaid }
    }

    @Test(arguments: ScratchPostgres.Backup.allCases, Way.allCases)
    func commandsOfALostFutureAreNotCarriedOut(_ backup: ScratchPostgres.Backup, _ way: Way) async throws {
      let stack = try await ScratchStack()
      var gateway = try await stack.startGateway()
      var worker = try await stack.startWorker()
      try await stack.untilOwned()
      var floor = RestoredFloor(stack: stack, gateway: gateway)

      // What the backup has: a settled trade.
      _ = try await floor.place(0, "sell", 10, "S0", "100.00")
      let kept = try await floor.place(1, "buy", 10, "S0", "100.00")
      try await floor.untilStatus("filled", of: kept, account: 1)
      try await stack.postgres.backUp(backup)
      if backup == .files { try await stack.untilOwned() }
      let money = try floor.money()

      // What is lost: acknowledged, published, and not carried out, for the worker is not there.
      if way.staysUp { worker.signal(SIGSTOP) } else { try await worker.stop(SIGKILL) }
      _ = try await floor.place(2, "buy", 90, "S0", "100.00")
      _ = try await floor.place(3, "sell", 90, "S0", "100.00")
      _ = try await floor.place(2, "buy", 50, "S1", "100.00")
      let published = try await floor.streamLength("S0")
      #expect(published >= 2)
      if !way.staysUp { try await gateway.process.stop(SIGTERM) }
      try await stack.postgres.restore(backup)
      #expect(try floor.money() == money)
      if way.isSaid {
        let (status, text) = try await stack.run(["restored"])
        #expect(status == 0 && text.contains("history is now called") && text.contains("entries with them"), "\(text)")
        #expect(try await floor.streamLength("S0") == 0)
      }
      if way.staysUp {
        worker.signal(SIGCONT)
      } else {
        gateway = try await stack.startGateway()
        floor = RestoredFloor(stack: stack, gateway: gateway)
      }

      // The numbers of the lost orders are given out again, to others.
      var real: [(account: Int, id: String)] = []
      for number in 0..<3 {
        real.append((4, try await floor.place(4, "buy", 1, "S0", "5\(number).00")))
        real.append((5, try await floor.place(5, "sell", 1, "S0", "15\(number).00")))
        real.append((4, try await floor.place(4, "buy", 1, "S1", "5\(number).00")))
      }
      if !way.staysUp { worker = try await stack.startWorker() }
      for order in real { try await floor.untilStatus("new", of: order.id, account: order.account) }
      try await floor.expectRest()
      #expect(try floor.money() == money, "nobody has paid for an order that never was")
      #expect(try floor.number("SELECT count(*) FROM trades") == 1)
      #expect(try floor.number("SELECT count(*) FROM orders") == 2 + 9)
      if !way.isSaid && !way.staysUp {
        let metrics = floor.metrics()
        #expect(
          metrics.contains { $0.firstMatch(of: /refused_total\{cause="foreign_history"\} [1-9]/) != nil },
          "it is counted")
        #expect(worker.log.contains("\"foreign_history\""), "and told: \(worker.log.suffix(3_000))")
      }
      // Trading goes on.
      _ = try await floor.place(0, "sell", 5, "S0", "150.00")
      let last = try await floor.place(1, "buy", 1, "S0", "150.00")
      try await floor.untilStatus("filled", of: last, account: 1)
      try await floor.expectRest()
    }

    @Test func withoutRedisTheRestoreEndsAllTheSame() async throws {
      let stack = try await ScratchStack(redisURL: "redis://127.0.0.1:1")
      let (status, text) = try await stack.run(["restored"])
      #expect(status == 0 && text.contains("Redis could not be cleared") && text.contains("that is safe"), "\(text)")
      let (second, json) = try await stack.run(["restored", "--json"])
      #expect(second == 0 && json.contains("\"redis_cleared\":false") && json.contains("\"history\":\""), "\(json)")
      let (_, log) = try await stack.run(["log"])
      #expect(log.contains("restored"), "\(log)")
    }

    /// Keys change under load without an entry refused; what signs and what is believed is listed, no secret is.
    @Test func keysRotateUnderLoad() async throws {
      let trial = try await FaultTrial(gateways: 2, workers: 2)
      let floor = RestoredFloor(stack: trial.stack, gateway: trial.gateways[0])
      try await trial.run("stream keys rotated and retired", after: .seconds(12)) {
        let (status, text) = try await trial.stack.run(["stream-key", "rotate"])
        #expect(status == 0 && text == "key 2 signs, 1 is believed as well\n", "\(text)")
        _ = try await eventually("an entry under the new key") { try await floor.signers().contains("2") ? true : nil }
        #expect(floor.metrics().allSatisfy { $0.firstMatch(of: /entries_refused_total\{[^}]*\} [1-9]/) == nil })
        #expect(try await trial.stack.run(["stream-key", "rotate"]).status == 0)
        // At once, while gateways still sign with the key that is ended: their rows go by the log.
        let (second, json) = try await trial.stack.run(["stream-key", "retire", "--json"])
        #expect(second == 0 && json == "{\"signing\":3,\"believed\":[],\"ended\":[2]}\n", "\(json)")
      }
      let (_, list) = try await trial.stack.run(["stream-key", "list"])
      #expect(list.contains("signs") && !list.contains("believed"), "\(list)")
      let secret = try floor.text("SELECT encode(secret, 'hex') FROM stream_keys ORDER BY key_id DESC LIMIT 1")
      let logs = (trial.workers + trial.gateways.map(\.process)).map(\.log).joined()
      #expect(!list.contains(secret) && !logs.contains(secret))
    }
  }
}

/// An exchange with a gateway, and what one asks of it.
private struct RestoredFloor {
  let stack: ScratchStack
  let gateway: ScratchGateway

  /// Places an order, as soon as the database is back.
  func place(_ account: Int, _ side: String, _ quantity: Int, _ symbol: String, _ price: String) async throws -> String
  {
    let body = """
      {"symbol":"\(symbol)","qty":"\(quantity)","side":"\(side)","type":"limit","time_in_force":"gtc",\
      "limit_price":"\(price)"}
      """
    return try await eventually("an order is taken") {
      let answer = gateway.caller(account: account).call("POST", "/v2/orders", body)
      return answer?.status == 200 ? answer?.text("id") : nil
    }
  }

  func untilStatus(_ status: String, of order: String, account: Int) async throws {
    _ = try await eventually("order \(order) is \(status)") {
      let answer = gateway.caller(account: account).call("GET", "/v2/orders/\(order)")
      return answer?.text("status") == status ? true : nil
    }
  }

  func number(_ sql: String) throws -> Int64 {
    var connection = try stack.postgres.connect()
    return try connection.query(PostgresCall(.init("number", "SELECT (\(sql))::bigint"))).int8(0, 0)
  }

  func text(_ sql: String) throws -> String {
    var connection = try stack.postgres.connect()
    return try connection.query(PostgresCall(.init("text", "SELECT (\(sql))::text"))).text(0, 0)
  }

  /// What everybody has.
  func money() throws -> String {
    try text(
      """
      SELECT (SELECT string_agg(account_id || ':' || cash, ' ' ORDER BY account_id) FROM accounts) || ' ' ||
        (SELECT string_agg(account_id || ':' || quantity, ' ' ORDER BY account_id, instrument_id) FROM positions)
      """)
  }

  func streamLength(_ symbol: String) async throws -> Int64 {
    let redis = RedisClient(RedisSettings(address: stack.redis.address))
    return try await redis.send(RedisCommand("XLEN", "bw:{s\(symbol.dropFirst())}:orders")).integer ?? 0
  }

  /// The keys under which the latest entries of all streams are signed; those that are not trimmed yet.
  func signers() async throws -> Set<String> {
    let redis = RedisClient(RedisSettings(address: stack.redis.address))
    var keys: Set<String> = []
    for shard in 0..<ScratchStack.instruments {
      let reply = try await redis.send(RedisCommand("XREVRANGE", "bw:{s\(shard)}:orders", "+", "-", "COUNT", "1"))
      let signature = reply.array?.first?.array?.last?.array?.last?.text ?? ""
      if !signature.isEmpty { keys.insert(String(signature.prefix { $0 != "-" })) }
    }
    return keys
  }

  /// What the processes count.
  func metrics() -> [String] {
    stack.admins.compactMap { HTTPCaller(port: $0, key: "", secret: "").call("GET", "/metrics")?.body }
  }

  /// Everything is settled and the audit passes.
  func expectRest() async throws {
    _ = try await eventually("all is settled") {
      try number("SELECT sum(last_sequence - processed_sequence) FROM shard_logs JOIN shard_cursors USING (shard)") == 0
        ? true : nil
    }
    let (status, text) = try await stack.run(["audit", "--replay"], within: 120)
    #expect(status == 0, "\(text)")
  }
}
