import Glibc
import JSON
import TestKit
import Testing

/// Whatever is away, every process that is left says so, at once and once.
extension FaultRow {
  static let findings: [FaultRow] = [
    FaultRow(
      number: 59, name: "gateways lose PostgreSQL, Redis and both, stopped and frozen", topology: .findings, times: 5,
      after: .seconds(1)
    ) { try await $0.loseStores() },
    FaultRow(
      number: 60, name: "all workers killed while orders come", topology: .findings, after: .seconds(1)
    ) {
      try await $0.loseWorkers()
    } expect: { stand, _ in
      // Nothing is wrong any more, and everybody says so.
      _ = try await eventually("a clean check") {
        try await stand.stack.run(["status", "--check"]).status == 0 ? true : nil
      }
      try await stand.untilGatewaysSay { $0.isEmpty }
    },
  ]
}

extension FaultStand {
  /// What is wrong, as a gateway's admin endpoint tells it; nil when it does not answer.
  private func findings(of gateway: ScratchGateway) async -> [(code: String, severity: String)]? {
    let answer = await onThread { gateway.operatorCaller().call("GET", "/admin/findings") }
    guard answer?.status == 200, let body = answer?.body, let root = try? JSONDocument(Array(body.utf8)).root else {
      return nil
    }
    return root["findings"]?.array?.map { ($0["code"]?.string ?? "", $0["severity"]?.string ?? "") }
  }

  /// A sample of a gateway's metrics; nil when it is not shown.
  private func metric(_ name: String, of gateway: ScratchGateway) async -> Int? {
    let page = await onThread { gateway.operatorCaller().call("GET", "/metrics")?.body } ?? ""
    return page.split(separator: "\n").first { $0.hasPrefix("\(name) ") }.flatMap { Int($0.dropFirst(name.count + 1)) }
  }

  /// Waits until the errors that every gateway finds are so.
  fileprivate func untilGatewaysSay(_ isSo: @escaping @Sendable (Set<String>) -> Bool) async throws {
    for gateway in gateways.map(\.server) {
      _ = try await eventually("what a gateway finds", seconds: 60) { () -> Bool? in
        guard let found = await self.findings(of: gateway) else { return nil }
        return isSo(Set(found.filter { $0.severity == "error" }.map(\.code))) ? true : nil
      }
    }
  }

  private func untilMetric(_ name: String, is value: Int) async throws {
    for gateway in gateways.map(\.server) {
      _ = try await eventually("\(name) \(value)", seconds: 60) {
        await self.metric(name, of: gateway) == value ? true : nil
      }
    }
  }

  /// One store after the other and both, stopped and frozen: each gateway finds it, goes on showing what it knows, and writes
  /// one line when it begins and one when it has ended.
  fileprivate func loseStores() async throws {
    let (postgres, redis) = (stack.postgres, stack.redis)
    let before = gateways.map { $0.server.process.log.split(separator: "\n").count }
    // Requests must be there to be refused.
    let refusals = [
      try await lose(["postgres"]) {
        try await postgres.stop(.fast)
      } back: {
        try await postgres.start()
      },
      try await lose(["redis"]) {
        redis.stop()
      } back: {
        try redis.start()
      },
      try await lose(["postgres"]) {
        try postgres.signalAll(SIGSTOP)
      } back: {
        try postgres.signalAll(SIGCONT)
      },
      try await lose(["redis"]) {
        redis.pause()
      } back: {
        redis.resume()
      },
      try await lose(["postgres", "redis"]) {
        try await postgres.stop(.immediate)
        redis.stop()
      } back: {
        try await postgres.start()
        try redis.start()
      },
    ]
    for (gateway, linesBefore) in zip(gateways.map(\.server), before) {
      let lines = gateway.process.log.split(separator: "\n").dropFirst(linesBefore)
      for store in ["PostgreSQL", "Redis"] {
        let lost = lines.count { $0.contains("\(store) is lost") }
        let back = lines.count { $0.contains("\(store) is back") }
        // A machine that does not get round to a process for seconds may lose it a store once more.
        #expect(lost >= 3 && back == lost, "\(store): \(lost) lost, \(back) back")
      }
      #expect(lines.count < 40, "not a line a request: \(lines.prefix(60).joined(separator: "\n"))")
      #expect(lines.contains { $0.contains("refused_requests") })
      for word in ["PostgresError", "StoreError", "RedisError", "StreamError", "server(state", "unavailable("] {
        #expect(!lines.contains { $0.contains(word) }, "\(word) in a line for people")
      }
    }
    #expect(refusals.reduce(0, +) > 0, "nothing was refused meanwhile")
  }

  /// Takes stores away, waits until every gateway has found that, and brings them back.
  /// - Returns: how many requests gateways have refused with 5xx meanwhile.
  private func lose(
    _ stores: [String], _ away: () async throws -> Void, back: () async throws -> Void
  ) async throws -> Int {
    let counter = "buttonwood_http_requests_total{status=\"5xx\"}"
    var before = 0
    for gateway in gateways.map(\.server) { before += await metric(counter, of: gateway) ?? 0 }
    try await away()
    try await untilGatewaysSay { found in stores.allSatisfy { found.contains("\($0)_unreachable") } }
    for store in stores { try await untilMetric("buttonwood_\(store)_up", is: 0) }
    for gateway in gateways.map(\.server) {
      // What a gateway decides by, it goes on showing.
      for name in ["buttonwood_accept_lag_commands", "buttonwood_accept_queue_requests{lane=\"0\"}"] {
        #expect(await metric(name, of: gateway) != nil, "\(name) has vanished")
      }
    }
    let (status, text) = try await stack.run(["status", "--check", "--json"], within: 60)
    #expect(status == 1, "\(text)")
    for store in stores { #expect(text.contains("\"code\":\"\(store)_unreachable\""), "\(text)") }
    try await back()
    for store in stores { try await untilMetric("buttonwood_\(store)_up", is: 1) }
    var after = 0
    for gateway in gateways.map(\.server) { after += await metric(counter, of: gateway) ?? 0 }
    return after - before
  }

  /// No worker is left while clients go on: gateways take orders, and everybody says that nobody works.
  fileprivate func loseWorkers() async throws {
    for worker in workers { try await kill(worker) }
    try await untilGatewaysSay { $0.contains("no_worker") }
    for gateway in gateways.map(\.server) {
      _ = try await eventually("the metric of findings", seconds: 60) {
        await self.metric("buttonwood_findings_by_code{code=\"no_worker\"}", of: gateway) == 1 ? true : nil
      }
      #expect(await metric("buttonwood_findings{severity=\"error\"}", of: gateway) ?? 0 > 0)
    }
    let (status, text) = try await stack.run(["status", "--check"], within: 60)
    #expect(status == 1 && text.contains("no worker runs") && text.contains("no_worker"), "\(text)")
    let (shown, overview) = try await stack.run(["status"], within: 60)
    #expect(shown == 0 && overview.hasPrefix("ERROR"), "\(overview)")
    // Orders that wait are seen by those who take them.
    _ = try await eventually("orders that wait", seconds: 60) { () -> Bool? in
      for gateway in self.gateways.map(\.server) {
        guard let lag = await self.metric("buttonwood_accept_lag_commands", of: gateway), lag > 0 else { return nil }
      }
      return true
    }
  }
}
