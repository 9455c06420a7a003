import Postgres
import TestKit
import Testing

extension FaultTests {
  struct Races {
    @Test func oneNameThroughTwoGatewaysAtOnceMakesOneOrder() async throws {
      let trial = try await FaultTrial(gateways: 2)
      for round in 0..<20 {
        let answers = await atOnce(6) { client in
          trial.gateways[client % 2].caller(account: 0)
            .call("POST", "/v2/orders", order("same-\(round)", side: "buy", quantity: 1))
        }
        #expect(answers.map { $0?.status ?? 0 }.sorted() == [200, 422, 422, 422, 422, 422])
      }
      for round in 0..<20 {
        let answers = await atOnce(6) { client in
          trial.gateways[client % 2].caller(account: 0)
            .call(
              "POST", "/v2/orders", order("keyed-\(round)", side: "buy", quantity: 1), idempotencyKey: "key-\(round)")
        }
        #expect(answers.map { $0?.status } == Array(repeating: 200, count: 6))
        #expect(Set(answers.map { $0?.text("id") }).count == 1)
      }
      try await trial.settle()
      #expect(try trial.number("SELECT count(*) FROM orders") == 40)
      try await trial.audit()
    }

    @Test func anAccountIsNeverOverdrawnByParallelOrders() async throws {
      let trial = try await FaultTrial(gateways: 2)
      // Ten million dollars, orders of a million each.
      let answers = await atOnce(50) { client in
        trial.gateways[client % 2].caller(account: 1)
          .call("POST", "/v2/orders", order("drain-\(client)", side: "buy", quantity: 10_000))?.status ?? 0
      }
      #expect(answers.count { $0 == 200 } == 10)
      #expect(answers.count { $0 == 403 } == 40)
      try await trial.settle()
      #expect(try trial.number("SELECT cash - held FROM accounts WHERE name = 'A1'") == 0)
      // Shares: 100,000, orders of 9,000 each.
      let sells = await atOnce(50) { client in
        trial.gateways[client % 2].caller(account: 2)
          .call(
            "POST", "/v2/orders", order("sell-\(client)", side: "sell", quantity: 9_000).replacing("S0", with: "S1"))?
          .status ?? 0
      }
      #expect(sells.count { $0 == 200 } == 11)
      try await trial.settle()
      try await trial.audit()
    }

    @Test func aCancelThatRacesAFillEndsInOneTruth() async throws {
      let trial = try await FaultTrial(gateways: 2)
      for round in 0..<40 {
        let sale = await onThread {
          trial.gateways[0].caller(account: 3).call(
            "POST", "/v2/orders", order("sale-\(round)", side: "sell", quantity: 5))
        }
        let resting = try #require(sale?.text("id"))
        let statuses = await atOnce(3) { client in
          client == 0
            ? trial.gateways[0].caller(account: 4)
              .call("POST", "/v2/orders", order("buy-\(round)", side: "buy", quantity: 5))?.status ?? 0
            : trial.gateways[client - 1].caller(account: 3).call("DELETE", "/v2/orders/\(resting)")?.status ?? 0
        }
        #expect(statuses[0] == 200)
        #expect(statuses[1...].allSatisfy { [204, 422].contains($0) }, "\(statuses)")
        _ = await onThread { trial.gateways[1].caller(account: 4).call("DELETE", "/v2/orders") }
      }
      try await trial.settle()
      #expect(
        try trial.number("SELECT count(*) FROM orders WHERE client_order_id LIKE 'sale-%' AND filled NOT IN (0, 5)")
          == 0)
      #expect(
        try trial.number(
          """
          SELECT count(*) FROM orders s JOIN orders b ON b.client_order_id = replace(s.client_order_id, 'sale', 'buy')
          WHERE s.client_order_id LIKE 'sale-%' AND (s.is_open OR b.is_open OR s.filled <> b.filled)
          """) == 0)
      try await trial.audit()
    }
  }
}

/// Runs blocking work on several threads at the same moment; results in their order.
private func atOnce<Result: Sendable>(
  _ count: Int, _ body: @escaping @Sendable (Int) -> Result
) async -> [Result] {
  await withTaskGroup(of: (Int, Result).self) { group in
    for index in 0..<count { group.addTask { (index, await onThread { body(index) }) } }
    var results: [(Int, Result)] = []
    for await result in group { results.append(result) }
    return results.sorted { $0.0 < $1.0 }.map(\.1)
  }
}

extension FaultTrial {
  /// The number that a query gives.
  fileprivate func number(_ sql: String) throws -> Int64 {
    var connection = try stack.postgres.connect()
    return try connection.query(PostgresCall(.init("number", "SELECT (\(sql))::bigint"))).int8(0, 0)
  }
}
