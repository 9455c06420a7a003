import Lifecycle
import Postgres
import TestKit
import Testing

/// An opening that crosses more than one command may: whoever owns the shard dies between its parts, and so does who tells
/// them.
extension FaultRow {
  static let auctions: [FaultRow] = [
    FaultRow(
      number: 44, name: "owner killed between the parts of an opening, twice", topology: .auctions, load: .none
    ) { stand in
      _ = try await eventually("a leader that follows the clock") {
        try stand.number("SELECT count(*) FROM market_clock WHERE mode = 'manual'") == 1 ? true : nil
      }
      try await stand.market("close")
      try await stand.market("pre-open")
      let before = try stand.number(FaultStand.trades)
      try await stand.placeCrossing(FaultStand.crossingOrders)
      // Whoever works leads as well.
      for worker in stand.workers { try await stand.kill(worker) }
      let first = try await stand.addWorker(killPoint: "matched.cross")
      async let opening: Void = stand.market("open")
      try await untilKilled(first.process)
      #expect(try stand.number(FaultStand.trades) > before, "the opening's own part is settled")
      let second = try await stand.addWorker(killPoint: "matched.cross:2")
      try await untilKilled(second.process)
      try await stand.addWorker()
      try await opening
    } expect: { stand, _ in
      let (prices, parts, left) = try (
        stand.number(FaultStand.openingPrices), stand.number(FaultStand.partsOfOpening),
        stand.number("SELECT count(*) FROM auction_parts WHERE stage IS NOT NULL")
      )
      #expect(prices == 1, "the orders of an opening trade at \(prices) prices")
      #expect(parts >= 3, "the opening had \(parts) parts that traded")
      #expect(left == 0)
    }
  ]
}

extension FaultStand {
  fileprivate static let crossingOrders = 4_000
  fileprivate static let trades = "SELECT count(*) FROM trades"
  /// The log row of the last opening.
  private static let opening = """
    SELECT g.shard, g.instrument_id, max(g.sequence) AS sequence FROM command_log g
    JOIN instruments i ON i.instrument_id = g.instrument_id
    WHERE g.kind = 3 AND g.side = 0 AND g.order_type = 1 AND i.symbol = 'S0' GROUP BY 1, 2
    """
  /// Trades of orders that were there before it.
  private static let openingTrades = """
    SELECT t.sequence, t.price FROM trades t JOIN (\(opening)) o ON t.shard = o.shard AND t.sequence >= o.sequence
      AND t.instrument_id = o.instrument_id
    """
  fileprivate static let openingPrices = "SELECT count(DISTINCT price) FROM (\(openingTrades)) t"
  fileprivate static let partsOfOpening = "SELECT count(DISTINCT sequence) FROM (\(openingTrades)) t"

  /// Has so many orders of one symbol accepted that all cross at any price between two.
  fileprivate func placeCrossing(_ wanted: Int) async throws {
    let run = UInt32.random(in: 0 ... .max)
    let gateway = gateways[0].server
    let accepted = Lock(0)
    let share = wanted / ScratchStack.accounts + 1
    _ = await atOnce(ScratchStack.accounts) { account in
      let caller = gateway.caller(account: account)
      for number in 0..<share {
        // Sides of their own, so that nobody meets itself and neither money nor shares run out.
        let isBuy = account % 2 == 0
        let body = """
          {"symbol":"S0","qty":"1","side":"\(isBuy ? "buy" : "sell")","type":"limit","time_in_force":"day",\
          "limit_price":"\(isBuy ? 100 + number % 3 : 100 - number % 3)","client_order_id":"opg-\(run)-\(account)-\(number)"}
          """
        guard caller.call("POST", "/v2/orders", body)?.status == 200 else { continue }
        accepted.withLock { $0 += 1 }
      }
    }
    #expect(accepted.withLock { $0 } >= wanted)
  }
}
