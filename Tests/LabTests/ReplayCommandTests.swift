import JSON
import Foundation
import Lifecycle
import Market
import Testing

@testable import LabKit

struct ReplayCommandTests {
  @Test func recordedFlowOverHTTPFillsAsRecordedWhenInOrder() async throws {
    let gateway = FakeGateway(accounts: 5)
    gateway.state.withLock { state in
      state.exchange.lag = 2
      state.dropsEvery = 17
      state.throttlesEvery = 23
    }
    let report = try await replay(randomFlow(seed: 21, rows: 1500), gateway, ["--in-order", "--check"])
    #expect(report.isSound, "\(report.text)")
    #expect(report.comparison?.isEqual == true && report.comparison?.sharesSeen ?? 0 > 0)
    #expect(report.result.tally.uncertain > 0 && report.result.tally.recovered > 0)
    #expect(report.result.tally.throttled > 0)
    #expect(report.fills?.sharesBought == report.fills?.sharesSold)
    #expect(report.fills?.acceptToFill.maximum == 250_000)
    let json = try #require(JSONValue.read(report.json.text.utf8))
    #expect(json["sound"]?.bool == true)
    #expect(json["commands"]?["orders"]?["sent"]?.integer == Int64(report.result.tally[.order].sent))
  }

  @Test func aSecondReplayClearsWhatTheFirstLeft() async throws {
    let gateway = FakeGateway(accounts: 4)
    let rows = randomFlow(seed: 24, rows: 400)
    let first = try await replay(rows, gateway, ["--in-order", "--check"])
    #expect(first.isSound && gateway.state.withLock { $0.exchange.orders.values.contains { $0.isOpen } })
    let second = try await replay(rows, gateway, ["--in-order", "--check", "--cancel-first"])
    #expect(second.isSound, "\(second.text)")
    #expect(second.comparison == first.comparison)
  }

  @Test func concurrentReplayLosesAndDoublesNothing() async throws {
    let gateway = FakeGateway(accounts: 4)
    gateway.state.withLock { $0.dropsEvery = 31 }
    let rows = randomFlow(seed: 22, rows: 2000)
    let report = try await replay(rows, gateway, ["--connections", "8", "--accounts", "3"])
    #expect(report.isSound, "\(report.text)")
    let tally = report.result.tally
    #expect(tally.rows == 2000)
    #expect(gateway.state.withLock { $0.exchange.strays } == 0)
    #expect(report.fills?.listed == tally.acceptedOrders + tally[.replace].accepted)
    #expect(report.text.contains("new orders") && report.text.contains("orders/s"))
  }

  @Test func stoppingEndsWithTheTableSoFar() async throws {
    let gateway = FakeGateway(accounts: 2)
    let requests = Lock(0)
    let report = try await replay(randomFlow(seed: 23, rows: 2000), gateway, ["--speed", "1"]) {
      requests.withLock { count in
        count += 1
        return count > 3
      }
    }
    #expect(report.result.wasStopped && report.result.tally.rows < 2000)
    #expect(report.text.contains("stopped early"))
  }

  @Test func whatKeepsAReplayFromBeginningIsSaid() async throws {
    let gateway = FakeGateway(accounts: 1)
    await #expect(throws: ReplayError.self) { _ = try await replay(randomFlow(seed: 1, rows: 3), gateway, []) }
    let lobster = "34200.1,1,5,100,1000000,1\n"
    try await withFolder(["flow.csv": lobster, "keys": FakeGateway(accounts: 2).keyLines]) { folder in
      let words = ["--url", "http://127.0.0.1:1", "--keys", folder + "/keys", folder + "/flow.csv"]
      let unreachable = try ReplayOptions(words, environment: [:])
      await #expect(throws: ReplayError("no gateway answers there; is it running?")) {
        _ = try await ReplayCommand.report(unreachable, progress: nil)
      }
      let unchecked = try ReplayOptions(["--in-order", "--check"] + words, environment: [:])
      await #expect(throws: ReplayError(ReplayOptions.checkNeedsCommands)) {
        _ = try await ReplayCommand.report(unchecked, progress: nil)
      }
    }
  }

  @Test func checkingNeedsOrder() {
    #expect(throws: CommandLineExit.self) {
      _ = try ReplayOptions(["--keys", "k", "--check", "f"], environment: [:])
    }
    let options = try? ReplayOptions(
      ["f"], environment: ["BUTTONWOOD_KEYS": "k", "BUTTONWOOD_GATEWAY_URL": "http://h:7"])
    #expect(options?.keys == "k" && options?.address.port == 7 && options?.symbol.description == "AAPL")
  }

  @Test func anExcerptOfARealDayFillsAsRecorded() async throws {
    let shared = ProcessInfo.processInfo.environment["BUTTONWOOD_SHARED"] ?? "../shared"
    let file = shared + "/data/AAPL_2019-12-30_5min_ITCH.commands.csv.gz"
    guard FileManager.default.fileExists(atPath: file) else {
      print("skipped: \(file) is not there")
      return
    }
    let gateway = FakeGateway(accounts: 4)
    try await withFolder(["keys": gateway.keyLines]) { folder in
      try await gateway.serve { url in
        let options = try ReplayOptions(
          ["--url", url, "--keys", folder + "/keys", "--in-order", "--check", "--limit", "3000", file], environment: [:]
        )
        let report = try await ReplayCommand.report(options, progress: nil)
        #expect(report.isSound, "\(report.text)")
      }
    }
  }
}

/// Replays rows to a fake gateway as the command does.
private func replay(
  _ rows: [FlowRow], _ gateway: FakeGateway, _ flags: [String], stop: @escaping @Sendable () -> Bool = { false }
) async throws -> ReplayReport {
  let text = CommandsRow.headerStart + ",origin,row,fills\n" + rows.map(commandLine).joined()
  let reports = Lock<[ReplayReport]>([])
  try await withFolder(["flow.csv": text, "keys": gateway.keyLines]) { folder in
    try await gateway.serve { url in
      let words = flags + ["--url", url, "--keys", folder + "/keys", "--symbol", "T", folder + "/flow.csv"]
      let options = try ReplayOptions(words, environment: [:])
      let report = try await ReplayCommand.report(options, progress: nil, isStopRequested: stop)
      reports.withLock { $0.append(report) }
    }
  }
  return try #require(reports.withLock { $0.first })
}

private func commandLine(_ row: FlowRow) -> String {
  func line(_ command: String, _ id: UInt64, _ side: Side, _ price: Price, _ quantity: Int64, _ fills: [FlowFill])
    -> String
  {
    let made = fills.map { "\($0.maker):\($0.price.rawValue):\($0.quantity)" }.joined(separator: "|")
    return
      "\(row.number),\(row.time),\(command),\(id),\(side == .buy ? "B" : "S"),\(price.rawValue),\(quantity),M,1,\(made)\n"
  }
  switch row.action {
  case .enter(let order): return line("NEW", order.id, order.side, order.price, order.quantity, order.fills)
  case .take(let order): return line("IOC", order.id, order.side, order.price, order.quantity, order.fills)
  case .reduce(let id, let shares): return line("REDUCE", id, .buy, Price(rawValue: 1), shares, [])
  case .cancel(let id): return line("CANCEL", id, .buy, Price(rawValue: 1), 0, [])
  case .skip: return ""
  }
}

private func withFolder(_ files: [String: String], _ body: (String) async throws -> Void) async throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  for (name, text) in files {
    try text.write(to: folder.appendingPathComponent(name), atomically: false, encoding: .utf8)
  }
  try await body(folder.path)
}
