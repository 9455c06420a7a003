import Glibc
import JSON
import Lifecycle
import Postgres
import TestKit
import Testing

/// Halts by an operator, from the command to what accounts see.
struct HaltTests {
  private let floor: TradingFloor
  private var stack: ScratchStack { floor.stack }
  private var gateway: ScratchGateway { floor.gateway }
  private var symbol: String { floor.symbol }

  init() async throws { floor = try await TradingFloor() }

  /// While an instrument is halted nothing trades, a worker's death included; then all that was collected trades at one price.
  @Test func whatIsCollectedDuringAHaltCrossesWhenItEnds() async throws {
    var worker = try await stack.startWorker()
    try await stack.untilOwned()
    let resting = try await floor.place(0, "buy", 10, at: 90)
    try await floor.operate("instrument", "halt", symbol, "--reason", "news", "--collect")
    let buy = try await floor.place(0, "buy", 30, at: 100)
    let sell = try await floor.place(1, "sell", 20, at: 80)
    try await floor.settle()
    #expect(await floor.shown(buy, of: 0)?.text("filled_qty") == "0")
    let impatient = await floor.send(0, "buy", 1, at: 85, timeInForce: "ioc")
    #expect(
      impatient?.status == 422 && impatient?.text("reason") == "market_closed", "\(String(describing: impatient))")
    worker.signal(SIGKILL)
    worker = try await stack.startWorker()
    defer { worker.signal(SIGTERM) }
    let late = try await floor.place(1, "sell", 15, at: 95)
    try await floor.operate("instrument", "resume", symbol)
    try await floor.settle()
    // 30 shares are bid for at 95 and more, 35 offered at 95 and less: no other price lets more of them trade.
    for (id, account, filled) in [(buy, 0, "30"), (sell, 1, "20"), (late, 1, "10"), (resting, 0, "0")] {
      let reported = await floor.shown(id, of: account)
      #expect(reported?.text("filled_qty") == filled, "\(String(describing: reported))")
      #expect(filled == "0" || reported?.text("filled_avg_price") == "95", "\(String(describing: reported))")
    }
    let audit = try await stack.run(["audit", "--replay"])
    #expect(audit.status == 0, "\(audit.text)")
  }

  @Test func aHaltedInstrumentTakesNoOrdersButCancels() async throws {
    let worker = try await stack.startWorker()
    defer { worker.signal(SIGTERM) }
    try await stack.untilOwned()
    let resting = try await floor.place(0, "buy", 10, at: 90)
    try await floor.operate("instrument", "halt", "--all", "--reason", "all stop")
    var refused: HTTPCaller.Answer?
    for number in 0..<500 where refused?.status != 422 {
      let body = order("late-\(number)", side: "buy", quantity: 1)
      refused = await onThread { [gateway] in gateway.caller(account: 1).call("POST", "/v2/orders", body) }
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(refused?.status == 422 && refused?.text("reason") == "not_tradable")
    let canceled = await onThread { [gateway] in gateway.caller(account: 0).call("DELETE", "/v2/orders/\(resting)") }
    #expect(canceled?.status == 204)
    try await floor.settle()
    #expect(await floor.shown(resting, of: 0)?.text("status") == "canceled")
    let audit = try await stack.run(["audit", "--replay"])
    #expect(audit.status == 0, "\(audit.text)")
    for words in [
      ["instrument", "halt"], ["instrument", "halt", "--all", symbol, "--reason", "r"], ["instrument", "resume", "x"],
    ] {
      #expect(try await stack.run(words).status == 2)
    }
  }
}
