import Accounting
import Digest
import Gateway
import HTTP
import JSON
import Lifecycle
import Market
import Ports
import Services
import Testing

/// A gateway over a memory, with two accounts and two instruments.
struct GatewayFixture {
  static let alice = AccountNumber(rawValue: 1001)
  static let bob = AccountNumber(rawValue: 1002)
  static let apple = Instrument(
    id: InstrumentID(rawValue: 1), assetID: UniqueID("0190a1b2-0000-7000-8000-000000000001")!, symbol: Symbol("AAPL")!,
    name: "Apple Inc.", exchange: "NASDAQ", shard: Shard(rawValue: 3), tradable: true, referencePrice: nil)
  static let microsoft = Instrument(
    id: InstrumentID(rawValue: 2), assetID: UniqueID("0190a1b2-0000-7000-8000-000000000002")!, symbol: Symbol("MSFT")!,
    name: "Microsoft \"Corp\"", exchange: "XOWN", shard: Shard(rawValue: 4), tradable: true,
    referencePrice: Price("400"))
  static let halted = Instrument(
    id: InstrumentID(rawValue: 3), assetID: UniqueID("0190a1b2-0000-7000-8000-000000000003")!, symbol: Symbol("HALT")!,
    name: "Halted", exchange: "NYSE", shard: Shard(rawValue: 4), tradable: false, referencePrice: nil)

  static let aliceHeaders = [("APCA-API-KEY-ID", "KEYA"), ("APCA-API-SECRET-KEY", "secret-a")]
  static let bobHeaders = [("apca-api-key-id", "KEYB"), ("apca-api-secret-key", "secret-b")]

  let exchange = FakeExchange()
  let gateway: GatewayService

  init(
    _ configuration: GatewayConfiguration = GatewayConfiguration(), market: MarketSources? = nil,
    clock: MarketClock = MarketClock(mode: .open)
  ) {
    let exchange = exchange
    exchange.state.withLock { state in
      state.instruments = [Self.apple, Self.microsoft, Self.halted]
      for (number, key, secret, id) in [
        (Self.alice, "KEYA", "secret-a", "0190a1b2-0000-7000-8000-00000000000a"),
        (Self.bob, "KEYB", "secret-b", "0190a1b2-0000-7000-8000-00000000000b"),
      ] {
        state.credentials[key] = Credential(
          account: number, accountID: UniqueID(id)!, secretHash: SHA256Digest(of: secret).bytes)
        state.accounts[number] = AccountRecord(
          number: number, id: UniqueID(id)!, name: key, status: .active, cash: .dollars(10_000), held: .zero,
          createdAt: Timestamp("2026-01-02T00:00:00Z")!)
      }
      state.positions[.init(account: Self.bob, instrument: Self.apple.id)] = PositionRecord(
        instrument: Self.apple.id, held: .zero, basis: PositionCost(Quantity(rawValue: 100), for: .dollars(15_000)))
    }
    gateway = GatewayService(
      configuration: configuration, desk: exchange, reader: exchange, keeper: exchange, market: market,
      clock: { clock },
      now: { exchange.state.withLock { $0.now } },
      random: {
        exchange.state.withLock { state in
          state.random = state.random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          return state.random
        }
      })
  }

  /// Sends a request; `target` may carry a query that needs no decoding.
  func send(
    _ method: String, _ target: String, _ body: String = "", as headers: [(String, String)] = aliceHeaders
  ) async -> Answer {
    await send(method, target, bytes: Array(body.utf8), as: headers)
  }

  func send(
    _ method: String, _ target: String, bytes: [UInt8], as headers: [(String, String)] = aliceHeaders
  ) async -> Answer {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let pairs = parts.count < 2 ? [] : parts[1].split(separator: "&")
    let query = pairs.map { pair in
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      return (name: halves[0], value: halves.count > 1 ? halves[1] : "")
    }
    exchange.state.withLock { $0.now = $0.now.advanced(byMicroseconds: 1000) }
    return Answer(
      await gateway.handle(
        HTTPRequest(
          method: method, rawPath: parts[0], query: query, headers: headers.map { (name: $0.0, value: $0.1) },
          body: bytes)))
  }

  /// Places a limit order and gives its identifier.
  func place(
    _ side: String = "buy", _ qty: Int = 1, _ price: String = "10", symbol: String = "AAPL",
    as headers: [(String, String)] = aliceHeaders
  ) async throws -> String {
    let answer = await send("POST", "/v2/orders", Self.order(side, "\(qty)", price, symbol: symbol), as: headers)
    #expect(answer.status == 200, "\(answer.text)")
    return try #require(answer["id"]?.string)
  }

  /// A limit order's body.
  static func order(
    _ side: String = "buy", _ qty: String = "1", _ price: String = "10", symbol: String = "AAPL", more: String = ""
  ) -> String {
    """
    {"symbol":"\(symbol)","qty":\(qty),"side":"\(side)","type":"limit","time_in_force":"day",\
    "limit_price":\(price)\(more)}
    """
  }
}

/// An answer with its body read.
struct Answer {
  let response: HTTPResponse
  let json: JSONValue?

  init(_ response: HTTPResponse) {
    self.response = response
    json = try? JSONDocument(response.body).root
  }

  var status: Int { response.status }
  var text: String { String(decoding: response.body, as: UTF8.self) }
  var code: Int64? { self["code"]?.integer }
  var message: String? { self["message"]?.string }
  func header(_ name: String) -> String? { response.headers.first { $0.name == name }?.value }
  subscript(name: String) -> JSONValue? { json?[name] }
}
