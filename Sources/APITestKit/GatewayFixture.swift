internal import Accounting
internal import Digest
package import ClientKit
internal import LiveStreams
package import TradingAPI
package import HTTP
package import JSON
internal import Lifecycle
package import Market
internal import Ports
internal import Services
internal import Testing

/// A gateway over a memory, with two accounts and two instruments.
package struct GatewayFixture {
  package static let alice = AccountNumber(rawValue: 1001)
  package static let bob = AccountNumber(rawValue: 1002)
  package static let apple = Instrument(
    id: InstrumentID(rawValue: 1), assetID: UniqueID("0190a1b2-0000-7000-8000-000000000001")!, symbol: Symbol("AAPL")!,
    name: "Apple Inc.", exchange: "NASDAQ", shard: Shard(rawValue: 3), tradable: true, referencePrice: nil)
  package static let microsoft = Instrument(
    id: InstrumentID(rawValue: 2), assetID: UniqueID("0190a1b2-0000-7000-8000-000000000002")!, symbol: Symbol("MSFT")!,
    name: "Microsoft \"Corp\"", exchange: "XOWN", shard: Shard(rawValue: 4), tradable: true,
    referencePrice: Price("400"))
  package static let halted = Instrument(
    id: InstrumentID(rawValue: 3), assetID: UniqueID("0190a1b2-0000-7000-8000-000000000003")!, symbol: Symbol("HALT")!,
    name: "Halted", exchange: "NYSE", shard: Shard(rawValue: 4), tradable: false, referencePrice: nil)

  package static let aliceHeaders = [("APCA-API-KEY-ID", "KEYA"), ("APCA-API-SECRET-KEY", "secret-a")]
  package static let bobHeaders = [("apca-api-key-id", "KEYB"), ("apca-api-secret-key", "secret-b")]

  package let exchange = FakeExchange()
  package let gateway: GatewayService

  package init(
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
    let foundation = ClientFoundation(
      configuration: configuration, reader: exchange, clock: { clock },
      now: { exchange.state.withLock { $0.now } })
    gateway = GatewayService(
      foundation, acceptor: exchange, accountStore: exchange, market: market,
      streams: StreamService(foundation, feed: nil, market: market),
      random: {
        exchange.state.withLock { state in
          state.random = state.random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          return state.random
        }
      })
  }

  /// Sends a request; `target` may carry a query that needs no decoding.
  package func send(
    _ method: String, _ target: String, _ body: String = "", as headers: [(String, String)] = aliceHeaders
  ) async -> Answer {
    await send(method, target, bytes: Array(body.utf8), as: headers)
  }

  package func send(
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
  package func place(
    _ side: String = "buy", _ qty: Int = 1, _ price: String = "10", symbol: String = "AAPL",
    as headers: [(String, String)] = aliceHeaders
  ) async throws -> String {
    let answer = await send("POST", "/v2/orders", Self.order(side, "\(qty)", price, symbol: symbol), as: headers)
    #expect(answer.status == 200, "\(answer.text)")
    return try #require(answer["id"]?.string)
  }

  /// A limit order's body.
  package static func order(
    _ side: String = "buy", _ qty: String = "1", _ price: String = "10", symbol: String = "AAPL", more: String = ""
  ) -> String {
    """
    {"symbol":"\(symbol)","qty":\(qty),"side":"\(side)","type":"limit","time_in_force":"day",\
    "limit_price":\(price)\(more)}
    """
  }
}

/// An answer with its body read.
package struct Answer {
  package let response: HTTPResponse
  package let json: JSONValue?

  package init(_ response: HTTPResponse) {
    self.response = response
    json = try? JSONDocument(response.body).root
  }

  package var status: Int { response.status }
  package var text: String { String(decoding: response.body, as: UTF8.self) }
  package var code: Int64? { self["code"]?.integer }
  package var message: String? { self["message"]?.string }
  package func header(_ name: String) -> String? { response.headers.first { $0.name == name }?.value }
  package subscript(name: String) -> JSONValue? { json?[name] }
}
