import TestKit
import Testing

/// Clients race each other through two gateways.
extension FaultRow {
  static let races: [FaultRow] = [
    race(24, "one name through two gateways at once") { try await $0.sameName() },
    race(25, "an account drained by 50 orders at once") { try await $0.drain() },
    race(26, "a cancel races a fill") { try await $0.cancelsRaceFills() },
    race(26, "a replacement races a fill") { try await $0.replacementsRaceFills() },
  ]

  private static func race(_ number: Int, _ name: String, _ inject: @escaping Step) -> FaultRow {
    FaultRow(number: number, name: name, topology: .races, load: .none, times: 40, inject: inject)
  }
}

extension FaultStand {
  /// Leaves nothing open that another race might trade with.
  private func cancelAll(of accounts: [Int]) async throws {
    let gateway = gateways[0].server
    for account in accounts { _ = await onThread { gateway.caller(account: account).call("DELETE", "/v2/orders") } }
    try await settle()
  }

  fileprivate func sameName() async throws {
    let gateways = gateways
    for round in 0..<20 {
      let answers = await atOnce(6) { client in
        gateways[client % 2].server.caller(account: 0)
          .call("POST", "/v2/orders", order("same-\(round)", side: "buy", quantity: 1))
      }
      #expect(answers.map { $0?.status ?? 0 }.sorted() == [200, 422, 422, 422, 422, 422])
    }
    for round in 0..<20 {
      let answers = await atOnce(6) { client in
        gateways[client % 2].server.caller(account: 0)
          .call(
            "POST", "/v2/orders", order("keyed-\(round)", side: "buy", quantity: 1), idempotencyKey: "key-\(round)")
      }
      #expect(answers.map { $0?.status } == Array(repeating: 200, count: 6))
      #expect(Set(answers.map { $0?.text("id") }).count == 1)
    }
    try await settle()
    #expect(try number("SELECT count(*) FROM orders WHERE client_order_id ~ '^(same|keyed)-'") == 40)
    try await cancelAll(of: [0])
  }

  fileprivate func drain() async throws {
    let gateways = gateways
    // Ten million dollars, orders of a million each.
    let answers = await atOnce(50) { client in
      gateways[client % 2].server.caller(account: 1)
        .call("POST", "/v2/orders", order("drain-\(client)", side: "buy", quantity: 10_000))?.status ?? 0
    }
    #expect(answers.count { $0 == 200 } == 10)
    #expect(answers.count { $0 == 403 } == 40)
    try await settle()
    #expect(try number("SELECT cash - held FROM accounts WHERE name = 'A1'") == 0)
    // Shares: 100,000, orders of 9,000 each.
    let sells = await atOnce(50) { client in
      gateways[client % 2].server.caller(account: 2)
        .call(
          "POST", "/v2/orders", order("sell-\(client)", side: "sell", quantity: 9_000).replacing("S0", with: "S1"))?
        .status ?? 0
    }
    #expect(sells.count { $0 == 200 } == 11)
    try await settle()
    try await cancelAll(of: [1, 2])
  }

  fileprivate func cancelsRaceFills() async throws {
    let gateways = gateways
    for round in 0..<40 {
      let sale = await onThread {
        gateways[0].server.caller(account: 3).call(
          "POST", "/v2/orders", order("sale-\(round)", side: "sell", quantity: 5))
      }
      let resting = try #require(sale?.text("id"))
      let statuses = await atOnce(3) { client in
        client == 0
          ? gateways[0].server.caller(account: 4)
            .call("POST", "/v2/orders", order("buy-\(round)", side: "buy", quantity: 5))?.status ?? 0
          : gateways[client - 1].server.caller(account: 3).call("DELETE", "/v2/orders/\(resting)")?.status ?? 0
      }
      #expect(statuses[0] == 200)
      #expect(statuses[1...].allSatisfy { [204, 422].contains($0) }, "\(statuses)")
      _ = await onThread { gateways[1].server.caller(account: 4).call("DELETE", "/v2/orders") }
    }
    try await settle()
    #expect(
      try number("SELECT count(*) FROM orders WHERE client_order_id LIKE 'sale-%' AND filled NOT IN (0, 5)")
        == 0)
    #expect(
      try number(
        """
        SELECT count(*) FROM orders s JOIN orders b ON b.client_order_id = replace(s.client_order_id, 'sale', 'buy')
        WHERE s.client_order_id LIKE 'sale-%' AND (s.is_open OR b.is_open OR s.filled <> b.filled)
        """) == 0)
  }

  /// A sale of 5 is replaced by one of 9 while somebody buys 5.
  fileprivate func replacementsRaceFills() async throws {
    let gateways = gateways
    for round in 0..<40 {
      let sale = await onThread {
        gateways[0].server.caller(account: 5).call(
          "POST", "/v2/orders", order("replaced-\(round)", side: "sell", quantity: 5))
      }
      let resting = try #require(sale?.text("id"))
      let statuses = await atOnce(3) { client in
        client == 0
          ? gateways[0].server.caller(account: 6)
            .call("POST", "/v2/orders", order("taker-\(round)", side: "buy", quantity: 5))?.status ?? 0
          : gateways[client - 1].server.caller(account: 5)
            .call("PATCH", "/v2/orders/\(resting)", "{\"qty\":\"9\"}")?.status ?? 0
      }
      #expect(statuses[0] == 200)
      #expect(statuses[1...].allSatisfy { [200, 403, 422].contains($0) }, "\(statuses)")
      for account in [5, 6] {
        _ = await onThread { gateways[1].server.caller(account: account).call("DELETE", "/v2/orders") }
      }
      try await settle()
    }
    #expect(
      try number("SELECT count(*) FROM orders WHERE client_order_id ~ '^(replaced|taker)-' AND is_open") == 0)
    #expect(
      try number("SELECT count(*) FROM orders WHERE client_order_id LIKE 'taker-%' AND filled <> 5") == 0,
      "5 shares were on sale all the time")
  }
}
