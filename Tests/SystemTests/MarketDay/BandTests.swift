import Glibc
import JSON
import Lifecycle
import Postgres
import TestKit
import Testing

/// Price bands, from the operator's command to a pause and its reopening, in a market's own time that runs sixty times as fast.
struct BandTests {
  private let floor: TradingFloor
  private var stack: ScratchStack { floor.stack }
  private var gateway: ScratchGateway { floor.gateway }
  private var symbol: String { floor.symbol }
  private let clock = [
    "--market-clock", "simulated", "--market-speed", "60", "--market-start", "2026-11-25T09:28",
  ]

  init() async throws { floor = try await TradingFloor(options: Array(clock.prefix(2))) }

  /// Waits until the symbol's status is told with some words in it.
  private func untilStatus(_ words: String...) async throws -> String {
    var last = ""
    for _ in 0..<3_000 {
      last = await onThread { [gateway, symbol] in
        gateway.caller(account: 0).call("GET", "/v2/stocks/\(symbol)/status")?.body ?? ""
      }
      if words.allSatisfy({ last.contains($0) }) { return last }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("\(words) is not told within 30 s, but \(last)")
    return last
  }

  private func untilDead(_ worker: ChildProcess) async throws {
    for _ in 0..<3_000 {
      if worker.exitStatus != nil { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("the leader does not come to its end within 30 s: \(worker.log.suffix(2_000))")
  }

  private func rows(_ instruction: Int) throws -> Int64 {
    var connection = try stack.postgres.connect()
    let rows = try connection.query(
      PostgresCall(
        .init("errands", "SELECT count(*) FROM command_log WHERE kind = 3 AND side = \(instruction)")))
    return rows.int8(0, 0)
  }

  /// What bids beyond the band waits at its end; that is a limit state, which pauses trading. Leaders die when they are
  /// about to pause it and to let it go on; when it goes on, what was collected crosses, and the band stands around that price.
  @Test func aLimitStatePausesTradingUntilAnAuctionReopensIt() async throws {
    let set = try await stack.run(["instrument", "band", symbol, "--tier", "1"])
    #expect(set.status == 0 && set.text.contains("\(symbol) has price bands of tier 1"), "\(set.text)")
    let first = try await stack.startWorker(.init(killPoint: "market.pause", options: clock))
    try await stack.untilOwned()
    let opening = try await floor.place(0, "buy", 10, at: 100)
    _ = try await floor.place(1, "sell", 10, at: 100)
    _ = try await untilStatus("\"status\":\"open\"", "\"lower\":95,\"upper\":105,\"reference\":100,\"tier\":1")
    #expect(await floor.shown(opening, of: 0)?.text("filled_avg_price") == "100")

    let sell = try await floor.place(1, "sell", 7, at: 106)
    let buy = try await floor.place(0, "buy", 7, at: 120)
    try await untilDead(first)
    let second = try await stack.startWorker(.init(killPoint: "market.resume", options: clock))
    let paused = try await untilStatus("\"status\":\"paused\"", "\"accepts_orders\":true", "\"band\":null")
    #expect(paused.contains("trading pause after limit up") && !paused.contains("\"resumes_at\":null"), "\(paused)")
    #expect(await floor.shown(buy, of: 0)?.text("filled_qty") == "0")
    try await untilDead(second)
    let third = try await stack.startWorker(.init(options: clock))
    defer { third.signal(SIGTERM) }

    _ = try await untilStatus("\"status\":\"open\"", "\"lower\":100.7,\"upper\":111.3,\"reference\":106")
    for (id, account) in [(buy, 0), (sell, 1)] {
      let reported = await floor.shown(id, of: account)
      #expect(
        reported?.text("status") == "filled" && reported?.text("filled_avg_price") == "106",
        "\(String(describing: reported))")
    }
    #expect(try rows(2) == 1 && rows(3) == 1, "one pause, one end of it")

    let off = try await stack.run(["instrument", "band", "--all", "--tier", "none"])
    #expect(off.status == 0, "\(off.text)")
    _ = try await untilStatus("\"status\":\"open\"", "\"band\":null")
    let audit = try await stack.run(["audit", "--replay"])
    #expect(audit.status == 0, "\(audit.text.split(separator: "\n").filter { !$0.hasSuffix("ok") })")
    for words in [[symbol], [symbol, "--tier", "3"], ["--all", symbol, "--tier", "1"]] {
      #expect(try await stack.run(["instrument", "band"] + words).status == 2)
    }
    #expect(try await stack.run(["instrument", "band", "NONE", "--tier", "1"]).status == 1)
  }
}
