import Lifecycle
import TestKit
import Testing

/// What a whole exchange tells its clients of their accounts while they trade.
@Suite struct AccountTruthTests {
  private static func order(
    _ caller: HTTPCaller, _ side: String, _ quantity: Int, _ symbol: String, at price: String
  ) throws -> String {
    try place(
      caller, #""side":"\#(side)","qty":"\#(quantity)","symbol":"\#(symbol)","type":"limit","limit_price":"\#(price)""#)
  }

  private static func place(_ caller: HTTPCaller, _ members: String) throws -> String {
    let answer = try #require(caller.call("POST", "/v2/orders", "{\(members),\"time_in_force\":\"day\"}"))
    #expect(answer.status == 200, "\(answer.body)")
    return try #require(answer.text("id"))
  }

  /// Asks until the answer has a text, which is a matter of a few commits.
  private static func wait(
    _ caller: HTTPCaller, _ path: String, for name: String, _ wanted: String
  ) async throws -> HTTPCaller.Answer {
    var last: HTTPCaller.Answer?
    for _ in 0..<1_000 {
      last = caller.call("GET", path)
      if let last, last.text(name) == wanted { return last }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw ChildProcess.Failure(description: "\(path) has no \(name) \(wanted): \(last?.body ?? "no answer")")
  }

  @Test func whatIsReportedOfAccountsIsTrueWhileTheyTrade() async throws {
    let stack = try await ScratchStack()
    let gateway = try await stack.startGateway()
    let worker = try await stack.startWorker()
    defer { withExtendedLifetime(worker) {} }
    try await stack.untilOwned()
    try await equityStands(gateway)
    try await averagesStand(gateway)
    try await stopsPassTheirOwn(gateway)
    let audit = try await stack.run(["audit", "--replay"])
    #expect(audit.status == 0, "\(audit.text)")
  }

  /// Two accounts trade at one price; what the first is worth is the same in every answer.
  private func equityStands(_ gateway: ScratchGateway) async throws {
    let isOver = Lock(false)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { isOver.withLock { $0 = true } }
        let (seller, buyer) = (gateway.caller(account: 1), gateway.caller(account: 0))
        for round in 0..<120 {
          _ = try Self.order(seller, "sell", 1 + round % 50, "S0", at: "100")
          _ = try Self.order(buyer, "buy", 1 + round % 50, "S0", at: "100")
        }
      }
      group.addTask {
        let caller = gateway.caller(account: 0)
        var answers = 0
        var lastEquities: Set<String?> = []
        while answers < 100 || !isOver.withLock({ $0 }) {
          answers += 1
          let account = try #require(caller.call("GET", "/v2/account"))
          // Ten millions in cash, and 100,000 shares of each of eight instruments.
          #expect(account.text("equity") == "90000000", "\(account.body)")
          lastEquities.insert(account.text("last_equity"))
          await Task.yield()
        }
        #expect(lastEquities.count == 1, "what it had at the last close does not change")
      }
      try await group.waitForAll()
    }
  }

  /// Sales leave the average as it is, and a purchase adds its part.
  private func averagesStand(_ gateway: ScratchGateway) async throws {
    let (seller, buyer) = (gateway.caller(account: 2), gateway.caller(account: 3))
    _ = try Self.order(seller, "sell", 30, "S1", at: "101")
    let bought = try Self.order(buyer, "buy", 30, "S1", at: "101")
    _ = try await Self.wait(buyer, "/v2/orders/\(bought)", for: "status", "filled")
    let sold = try #require(seller.call("GET", "/v2/positions/S1"))
    #expect(sold.text("avg_entry_price") == "100" && sold.text("cost_basis") == "9997000", "\(sold.body)")
    let held = try #require(buyer.call("GET", "/v2/positions/S1"))
    #expect(held.text("avg_entry_price") == "100.0003" && held.text("cost_basis") == "10003030", "\(held.body)")
    #expect(held.text("unrealized_pl") == "100000", "\(held.body)")
  }

  /// A stop that fires while its own account's order stands at the best price trades with those behind it.
  private func stopsPassTheirOwn(_ gateway: ScratchGateway) async throws {
    let (holder, other, third) = (gateway.caller(account: 4), gateway.caller(account: 5), gateway.caller(account: 6))
    let own = try Self.order(holder, "buy", 10, "S2", at: "99")
    _ = try Self.order(other, "buy", 10, "S2", at: "98")
    let stop = try Self.place(holder, #""side":"sell","qty":"4","symbol":"S2","type":"stop","stop_price":"99.5""#)
    _ = try Self.order(third, "sell", 1, "S2", at: "99.5")
    _ = try Self.order(other, "buy", 1, "S2", at: "99.5")
    let filled = try await Self.wait(holder, "/v2/orders/\(stop)", for: "status", "filled")
    #expect(filled.text("filled_avg_price") == "98", "\(filled.body)")
    let canceled = try await Self.wait(holder, "/v2/orders/\(own)", for: "status", "canceled")
    #expect(canceled.text("reason") == "would trade with an order of the same account", "\(canceled.body)")
  }
}
