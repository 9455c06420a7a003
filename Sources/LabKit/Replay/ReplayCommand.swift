internal import Lifecycle
internal import Market

/// `buttonwood-lab replay`: from the command line to the closing table.
package enum ReplayCommand {
  /// Runs the command and returns its exit status.
  package static func run(_ arguments: [String]) async -> Int32 {
    let options: ReplayOptions
    do { options = try ReplayOptions(arguments) } catch { return error.report() }
    Interrupt.watch()
    do throws(ReplayError) {
      let report = try await report(options, progress: ProgressBar("replay"))
      if let failure = report.result.failure { complain("\(failure)") }
      Console.write(options.printsJSON ? report.json.text + "\n" : report.text)
      return report.isSound ? 0 : 1
    } catch {
      complain(error.text)
      return 1
    }
  }

  /// Replays as the options say.
  /// - Throws: what keeps it from beginning.
  package static func report(
    _ options: ReplayOptions, progress: ProgressBar?,
    isStopRequested: @escaping @Sendable () -> Bool = { Interrupt.isRequested }
  ) async throws(ReplayError) -> ReplayReport {
    let keys = try await prepared { () throws(TradingKeyError) in try TradingKey.load(options.keys) }
    let used = Array(keys.prefix(options.accounts ?? keys.count))
    guard used.count >= options.accounts ?? 2, let spread = AccountSpread(accounts: used.count) else {
      throw ReplayError("\(options.keys): holds \(keys.count) keys, \(options.accounts ?? 2) are needed")
    }
    let format = try await prepared { () throws(FlowError) in
      try FlowFile(options.file, format: options.format).format
    }
    guard !options.checks || format == .commands else { throw ReplayError(ReplayOptions.checkNeedsCommands) }
    let rows = try await prepared { () throws(FlowError) in
      try FlowFile.countRows(options.file, format: format, limit: options.limit)
    }
    let connections = options.isInOrder ? 1 : options.connections
    let client = try await prepared { () throws(TradingClientError) in
      try TradingClient(options.address, keys: used, connections: connections)
    }
    defer { client.stop() }
    let clock = try await prepared { () async throws(TradingClientError) in
      try await client.get("/v2/clock", account: 0, attempts: 3)
    }
    if clock["is_open"]?.bool == false { complain("warning: the market is closed") }
    let tag = "r" + String(HostClock.microsecondsSinceEpoch(), radix: 36)
    let settings = ReplayPlan.Settings(
      symbol: options.symbol, run: tag, accounts: spread, isInOrder: options.isInOrder, inFlightLimit: connections,
      pace: options.pace, start: HostClock.monotonicNanoseconds(), keepsExpectations: options.checks)
    let result = await onThread("replay") {
      let file = Result { () throws(FlowError) in
        try FlowFile(options.file, format: format, limit: options.limit)
      }
      let plan = ReplayPlan(settings) { () throws(FlowError) in try file.get().next() }
      var run = ReplayRun(
        plan, client: client, totalRows: rows, progress: progress, isStopRequested: isStopRequested)
      return run.run()
    }
    let began = clock["timestamp"]?.string.flatMap { Timestamp($0) } ?? Timestamp(rawValue: 0)
    let listing = OrderListing(symbol: options.symbol) { (target, account) async throws(TradingClientError) in
      try await client.get(target, account: account)
    }
    let settle = ReplaySettle(listing, accounts: used.count)
    var fills: FillSummary?
    do throws(TradingClientError) {
      let start = began.advanced(byMicroseconds: -1_000_000)
      fills = try await settle.summary(run: tag, since: start, keepsFills: options.checks)
    } catch {
      complain("the orders cannot be listed: \(error)")
    }
    return ReplayReport(
      title: "\(options.file) as \(options.symbol)", result: result, fills: fills,
      comparison: options.checks ? fills?.compared(with: result.expectedFills) : nil)
  }

  private static func prepared<Value, Failure: Error & CustomStringConvertible>(
    _ body: () async throws(Failure) -> Value
  ) async throws(ReplayError) -> Value {
    do { return try await body() } catch { throw ReplayError(error.description) }
  }

  private static func complain(_ text: String) { Console.write("buttonwood-lab replay: \(text)\n", to: .error) }
}

/// Why a replay cannot begin, in words.
package struct ReplayError: Error, Equatable {
  package var text: String
  init(_ text: String) { self.text = text }
}
