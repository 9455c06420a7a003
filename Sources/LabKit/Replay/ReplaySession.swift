internal import JSON
internal import Recordings
internal import Lifecycle
internal import Market

/// One replay against one gateway: everything looked at beforehand, so that a fault shows before the first order.
package struct ReplaySession: Sendable {
  /// Whether the gateway says that the market is open.
  package let marketIsOpen: Bool

  private let options: ReplayOptions
  private let format: FlowFormat
  private let rows: Int
  private let spread: AccountSpread
  private let client: TradingClient
  private let settle: ReplaySettle
  /// The gateway's clock when the session began.
  private let began: Timestamp
  /// Begins the `client_order_id`s of this session, and of no other.
  private let tag: String

  /// Reads keys and file, and asks the gateway for its clock.
  /// - Throws: what is missing.
  package init(_ options: ReplayOptions) async throws(ReplayError) {
    self.options = options
    let keys = try await explained { () throws(TradingKeyError) in try TradingKey.load(options.keys) }
    let used = Array(keys.prefix(options.accounts ?? keys.count))
    guard used.count >= options.accounts ?? 2, let spread = AccountSpread(accounts: used.count) else {
      throw ReplayError("\(options.keys): holds \(keys.count) keys, \(options.accounts ?? 2) are needed")
    }
    self.spread = spread
    let format = try await explained { () throws(RecordingError) in
      try FlowFile(options.file, format: options.format).format
    }
    guard !options.checks || format == .commands else { throw ReplayError(ReplayOptions.checkNeedsCommands) }
    self.format = format
    rows = try await explained { () throws(RecordingError) in
      try FlowFile.countRows(options.file, format: format, limit: options.limit)
    }
    let client = try await explained { () throws(TradingClientError) in
      try TradingClient(options.address, keys: used, connections: options.isInOrder ? 1 : options.connections)
    }
    self.client = client
    let clock = try await explained { () async throws(TradingClientError) in
      try await client.get("/v2/clock", account: 0, attempts: 3)
    }
    marketIsOpen = clock["is_open"]?.bool ?? true
    began = clock["timestamp"]?.string.flatMap { Timestamp($0) } ?? Timestamp(rawValue: 0)
    tag = "r" + String(HostClock.microsecondsSinceEpoch(), radix: 36)
    let listing = OrderListing(symbol: options.symbol) { (target, account) async throws(TradingClientError) in
      try await client.get(target, account: account)
    }
    settle = ReplaySettle(listing, accounts: used.count)
  }

  /// Closes the connections.
  package func end() { client.stop() }

  /// Cancels the accounts' open orders.
  package func clear() async throws(ReplayError) {
    let isClear = try await explained { () async throws(TradingClientError) in try await settle.clear(client) }
    guard isClear else { throw ReplayError("the accounts' open orders are still not cancelled; is a worker running?") }
  }

  /// Replays the file.
  package func replay(
    progress: ProgressBar?, isStopRequested: @escaping @Sendable () -> Bool
  ) async -> ReplayRun.Result {
    let settings = ReplayPlan.Settings(
      symbol: options.symbol, run: tag, accounts: spread, isInOrder: options.isInOrder,
      inFlightLimit: options.connections, pace: options.pace, start: HostClock.monotonicNanoseconds(),
      keepsExpectations: options.checks)
    return await onThread("replay") {
      let file = Result { () throws(RecordingError) in
        try FlowFile(options.file, format: format, limit: options.limit)
      }
      let plan = ReplayPlan(settings) { () throws(RecordingError) in try file.get().next() }
      var run = ReplayRun(
        plan, client: client, totalRows: rows, progress: progress, isStopRequested: isStopRequested)
      return run.run()
    }
  }

  /// Sums up what the session's orders became.
  package func fills() async throws(ReplayError) -> FillSummary {
    try await explained { () async throws(TradingClientError) in
      try await settle.summary(
        run: tag, since: began.advanced(byMicroseconds: -Self.clockMargin), keepsFills: options.checks)
    }
  }

  /// Microseconds by which the clocks of a system's gateways may differ.
  private static let clockMargin: Int64 = 5_000_000
}

/// Why a replay cannot begin, in words.
package struct ReplayError: Error, Equatable {
  package var text: String
  init(_ text: String) { self.text = text }
}

private func explained<Value, Failure: Error & CustomStringConvertible>(
  _ body: () async throws(Failure) -> Value
) async throws(ReplayError) -> Value {
  do { return try await body() } catch { throw ReplayError(error.description) }
}
