internal import Accounting
internal import ClientKit
internal import Digest
internal import Glibc
internal import HTTP
internal import HTTPLoad
internal import LabKit
internal import Lifecycle
internal import Market
internal import Ports
internal import TradingAPI

/// `bench gateway`: the gateway with acceptance stubbed, against another server that answers the same number of bytes, both
/// loaded in turn by the same client in one run.
enum GatewayBench {
  private struct Options {
    var connections: Int
    var seconds: Int
    var rounds: Int
    var other: UInt16?
    var json: Bool

    init(_ arguments: [String]) throws(CommandLineExit) {
      var line = CommandLineOptions(
        "buttonwood-lab bench gateway",
        """
        Measures how many orders a second the gateway takes when acceptance answers at once: parsing, authentication, \
        rules and answer. With --against it loads another server in turn, nginx with a static body for example, and prints \
        the ratio.
        """, arguments)
      connections = line.integer("connections", default: 64, in: 1...10_000, variable: .none, help: "Connections.")
      seconds = line.integer("seconds", default: 3, in: 1...600, variable: .none, help: "Length of a round.")
      rounds = line.integer("rounds", default: 3, in: 1...100, variable: .none, help: "Rounds of each server.")
      other = line.optionalInteger(
        "against", in: 1...65_535, variable: .none, help: "Port on 127.0.0.1 of the server to compare with."
      ).map { UInt16($0) }
      json = line.flag("json", help: "Prints JSON.")
      try line.finish()
    }
  }

  static func run(_ arguments: [String]) async -> Int32 {
    let options: Options
    do throws(CommandLineExit) { options = try Options(arguments) } catch { return error.report() }
    do throws(HTTPServerError) {
      let service = GatewayService(
        ClientFoundation(reader: StubReader()) { Timestamp(rawValue: HostClock.microsecondsSinceEpoch()) },
        acceptor: StubAcceptor(), accountStore: StubAccountStore(), random: { SecureRandom.word() })
      var configuration = HTTPServerConfiguration()
      configuration.connectionLimit = 20_000
      let server = try HTTPServer(configuration: configuration) { await service.handle($0) }
      server.start()
      var rates: (gateway: [Int], other: [Int]) = ([], [])
      // The first round of each is not counted: pages, caches and connections are cold.
      for round in 0...options.rounds {
        let own = await load(server.boundPort, order: true, options)
        if round > 0 { rates.gateway.append(own) }
        guard let port = options.other else { continue }
        let other = await load(port, order: false, options)
        if round > 0 { rates.other.append(other) }
      }
      _ = await server.drain(deadline: .seconds(5))
      print(options, rates)
      return rates.gateway.contains(0) || rates.other.contains(0) ? 1 : 0
    } catch {
      Console.write("buttonwood-lab bench gateway: \(error)\n", to: .error)
      return 1
    }
  }

  private static func print(_ options: Options, _ rates: (gateway: [Int], other: [Int])) {
    let gateway = rates.gateway.sorted()[rates.gateway.count / 2]
    let other = rates.other.isEmpty ? nil : rates.other.sorted()[rates.other.count / 2]
    let ratio = other.map { LedgerBench.hundredths(gateway, of: max(1, $0)) }
    if options.json {
      Console.write(
        "{\"bench\":\"gateway\",\"connections\":\(options.connections),\"requests_per_second\":\(gateway),"
          + "\"other_requests_per_second\":\(other.map(String.init) ?? "null"),\"ratio\":\(ratio ?? "null")}\n")
      return
    }
    var table = TextTable([.left("server, \(options.connections) connections"), .right("requests/s (median)")])
    table.add(["gateway, acceptance stubbed", "\(gateway)"])
    if let other { table.add(["the other server", "\(other)"]) }
    if let ratio { table.add(["ratio", ratio]) }
    Console.write(table.text)
  }

  /// Requests answered with 200 in a second of a closed loop; 0 when one was not.
  private static func load(_ port: UInt16, order: Bool, _ options: Options) async -> Int {
    var configuration = HTTPLoadClientConfiguration(port: port)
    configuration.connections = options.connections
    let deadline = HostClock.monotonicNanoseconds() + Int64(options.seconds) * 1_000_000_000
    let tally = Lock((answered: 0, refused: 0, ended: 0))
    let request = order ? OrderRequest.make() : HTTPLoadRequest(method: "GET", target: "/")
    let sender = Lock<HTTPLoadClient?>(nil)
    let client: HTTPLoadClient
    do {
      client = try HTTPLoadClient(configuration) { batch in
        let good = batch.count { $0.status == 200 }
        let goesOn = HostClock.monotonicNanoseconds() < deadline
        tally.withLock { tally in
          tally.answered += goesOn ? good : 0
          tally.refused += batch.count - good
          if !goesOn { tally.ended += batch.count }
        }
        guard goesOn, let client = sender.withLock({ $0 }) else { return }
        _ = client.send(batch.map { _ in request })
      }
    } catch {
      return 0
    }
    sender.withLock { $0 = client }
    _ = client.send(Array(repeating: request, count: options.connections))
    for _ in 0..<(options.seconds * 100 + 500) where tally.withLock({ $0.ended }) < options.connections {
      try? await Task.sleep(for: .milliseconds(10))
    }
    sender.withLock { $0 = nil }
    client.stop()
    return tally.withLock { $0.refused == 0 ? $0.answered / options.seconds : 0 }
  }
}

/// An order as clients send it, about 250 bytes.
private enum OrderRequest {
  static func make() -> HTTPLoadRequest {
    HTTPLoadRequest(
      method: "POST", target: "/v2/orders",
      headerLines: HTTPLoadRequest.headerLines([
        ("APCA-API-KEY-ID", "bench"), ("APCA-API-SECRET-KEY", "bench"), ("Content-Type", "application/json"),
      ]),
      body: Array(
        """
        {"symbol":"BENCH","qty":"100","side":"buy","type":"limit","time_in_force":"day","limit_price":"100.25",\
        "client_order_id":"0f9d2c2e-6f0a-4d0e-9b8e-2a6a1c5d7e11","extended_hours":false,"order_class":"simple"}
        """.utf8))
  }
}

/// Accepts everything at once.
private struct StubAcceptor: OrderAcceptor {
  func submit(_ request: AcceptanceRequest) async -> AcceptanceReply {
    guard case .place(let place) = request else { return .unavailable }
    let now = Timestamp(rawValue: HostClock.microsecondsSinceEpoch())
    return .answered(
      .accepted(
        OrderRecord(
          id: .order(submittedAt: now, shard: place.shard, random: place.random), account: place.account,
          clientOrderID: place.clientOrderID, instrument: place.instrument, shard: place.shard, sequence: .zero,
          priority: .zero, terms: place.terms, updatedAt: now)))
  }
}

/// Knows nothing: orders do not ask.
private struct StubAccountStore: AccountStore {
  func configuration(of account: AccountNumber) async throws(StoreError) -> AccountConfiguration { .init() }
  func changeConfiguration(
    _ change: AccountConfigurationChange, of account: AccountNumber
  ) async throws(StoreError) -> AccountConfiguration { change.applied(to: .init()) }
  func recentMovements(
    of account: AccountNumber, since moment: Timestamp, behind place: Timestamp?, through: Timestamp
  ) async throws(StoreError) -> RecentMovements {
    RecentMovements(executed: [], through: nil, external: [])
  }
  func movements(
    of account: AccountNumber, at moments: [Timestamp], through: Timestamp
  ) async throws(StoreError) -> [AccountMovement] { [] }
  func prices(_ questions: [PriceQuestion]) async throws(StoreError) -> [Price?] { questions.map { _ in nil } }
  func activities(_ query: ActivityQuery) async throws(StoreError) -> [AccountActivity]? { [] }
  func watchlists(of account: AccountNumber) async throws(StoreError) -> [Watchlist] { [] }
  func watchlist(_ name: WatchlistName, of account: AccountNumber) async throws(StoreError) -> Watchlist? { nil }
  func createWatchlist(
    id: UniqueID, name: String, instruments: [InstrumentID], of account: AccountNumber
  ) async throws(StoreError) -> WatchlistOutcome { .full }
  func changeWatchlist(
    _ name: WatchlistName, _ change: WatchlistChange, of account: AccountNumber
  ) async throws(StoreError) -> WatchlistOutcome { .notFound }
  func deleteWatchlist(_ name: WatchlistName, of account: AccountNumber) async throws(StoreError) -> Bool { false }
}

/// One account, one instrument.
private struct StubReader: AccountReader {
  func credential(keyID: String) async throws(StoreError) -> Credential? {
    Credential(
      account: AccountNumber(rawValue: 1), accountID: UniqueID(high: 1, low: 1),
      secretHash: SHA256Digest(of: "bench").bytes)
  }
  func snapshot(of account: AccountNumber) async throws(StoreError) -> AccountSnapshot? { nil }
  func positions(of account: AccountNumber) async throws(StoreError) -> [PositionRecord] { [] }
  func order(_ id: OrderID, of account: AccountNumber) async throws(StoreError) -> ShownOrder? { nil }
  func order(clientKey: UniqueID, of account: AccountNumber) async throws(StoreError) -> ShownOrder? { nil }
  func withLegs(_ orders: [ShownOrder], of account: AccountNumber) -> [ShownOrder] { orders }
  func orders(_ query: OrderQuery) async throws(StoreError) -> [ShownOrder] { [] }
  func instruments() async throws(StoreError) -> [Instrument] {
    [
      Instrument(
        id: InstrumentID(rawValue: 1), assetID: UniqueID(high: 1, low: 1), symbol: Symbol("BENCH")!, name: "Bench",
        exchange: "", shard: Shard(rawValue: 0), tradable: true, referencePrice: nil)
    ]
  }
  func lastPrices() async throws(StoreError) -> [InstrumentID: Price] { [:] }
  func lags() async throws(StoreError) -> [Shard: ShardLag] { [:] }
}
