package import Lifecycle
package import Market

/// The options of a load, for commands that put one on a system.
package struct SystemLoadOptions: Sendable {
  package var address: GatewayAddress
  package var keys: String
  package var symbols: [Symbol]
  package var mode: SystemLoad.Mode
  package var duration: Duration
  package var connections: Int
  package var mix: LoadPlan.Mix
  package var seed: UInt64

  /// Declares and reads the options.
  /// - Parameter standardRate: The rate where none is given; nil for a closed loop.
  package init(_ line: inout CommandLineOptions, standardRate: Int? = nil) {
    address = line.value(
      "url", "URL", default: GatewayAddress("http://127.0.0.1:8080")!, variable: .named("BUTTONWOOD_GATEWAY_URL"),
      shown: "http://127.0.0.1:8080", expected: "a URL of the form http://HOST:PORT", help: "The gateway."
    ) { GatewayAddress($0) }
    keys = line.requiredText(
      "keys", "FILE", help: "The accounts' keys, as \"buttonwood account create --json\" prints them.")
    symbols = line.value(
      "symbols", "A,B,…", default: [Symbol("AAPL")!], variable: .none, shown: "AAPL",
      expected: "ticker symbols joined by commas", help: "The instruments that the orders are for."
    ) { text in
      let symbols = text.split(separator: ",").map { Symbol($0) }
      return symbols.isEmpty || symbols.contains(nil) ? nil : symbols.compactMap { $0 }
    }
    mode = Self.mode(&line, standardRate)
    duration = line.duration(
      "duration", default: .seconds(10), in: .milliseconds(100)...(.seconds(86400)), variable: .none,
      help: "How long requests are sent.")
    connections = line.integer("connections", default: 64, in: 1...10_000, help: "Connections.")
    let marketable = line.integer(
      "marketable", default: LoadPlan.Mix.usual.marketable, in: 0...100, unit: "%", variable: .none,
      help: "Share of requests that are orders priced to trade at once.")
    let cancels = line.integer(
      "cancels", default: LoadPlan.Mix.usual.cancels, in: 0...100, unit: "%", variable: .none,
      help: "Share of requests that are cancels.")
    let reads = line.integer(
      "reads", default: 0, in: 0...100, unit: "%", variable: .none,
      help: "Share of requests that ask for the account, its positions or its orders.")
    seed = UInt64(line.integer("seed", default: 1, in: 0...Int.max, variable: .none, help: "Seed of all chance."))
    if marketable + cancels + reads > 100 {
      line.mistake("--marketable, --cancels and --reads are more than 100 % together")
      mix = .usual
    } else {
      mix = LoadPlan.Mix(marketable: marketable, cancels: cancels, reads: reads)
    }
  }

  private static func mode(_ line: inout CommandLineOptions, _ standardRate: Int?) -> SystemLoad.Mode {
    let rates = 1...1_000_000
    if let standardRate {
      let help = "Requests a second, sent whatever the answers (open loop)."
      return .open(rate: line.integer("rate", default: standardRate, in: rates, variable: .none, help: help))
    }
    let rate = line.optionalInteger(
      "rate", in: rates, variable: .none,
      help: "Requests a second, sent whatever the answers (open loop); without it as many as are answered.")
    let inFlight = line.integer(
      "in-flight", default: 64, in: 1...10_000, variable: .none, help: "Requests in flight when there is no rate.")
    return rate.map { .open(rate: $0) } ?? .closed(inFlight: inFlight)
  }

  /// Puts the load on the system and waits for its end, on a thread of its own.
  ///
  /// - Parameter keys: the accounts to trade for, at least two.
  package func run(
    keys: [TradingKey], isStopRequested: @escaping @Sendable () -> Bool = { Interrupt.isRequested }
  ) async throws(TradingClientError) -> SystemLoadResult {
    guard let spread = AccountSpread(accounts: keys.count) else {
      throw .cannotStart("a load needs at least two accounts")
    }
    let client = try TradingClient(address, keys: keys, connections: connections)
    defer { client.stop() }
    let tag = "l" + String(HostClock.microsecondsSinceEpoch(), radix: 36)
    let plan = LoadPlan(symbols: symbols, accounts: spread, mix: mix, run: tag, seed: seed)
    return await onThread("load") {
      var load = SystemLoad(plan, client: client, mode: mode, duration: duration, isStopRequested: isStopRequested)
      return load.run()
    }
  }
}
