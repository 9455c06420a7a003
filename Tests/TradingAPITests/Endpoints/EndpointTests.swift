import APIKit
import APITestKit
import Accounting
import HTTP
import JSON
import Lifecycle
import Market
import Ports
import TestKit
import Testing

@testable import TradingAPI

/// The table of endpoints, and what follows from it.
@Suite struct EndpointTests {
  /// A template with values in the places of its parameters.
  private static func path(_ template: String) -> String { template.replacing(/\{([a-z_]+)\}/) { "a-\($0.1)" } }

  @Test func pathsLeadToTheirEndpoints() throws {
    for endpoint in Endpoint.all {
      for template in [endpoint.path] + endpoint.aliases {
        let match = try #require(Endpoint.tree.match(Self.path(template)), "\(template)")
        #expect(try match.site.endpoint(endpoint.method) === endpoint)
        #expect(match.values == endpoint.parameters.map { "a-\($0)" })
      }
    }
  }

  @Test func everyEndpointIsDescribed() {
    let document = String(decoding: APIDescription.document, as: UTF8.self)
    for endpoint in Endpoint.all {
      // The description's language has no words for WebSockets: it tells of them in its own introduction.
      #expect((endpoint.operation == nil) == endpoint.isSocket, "\(endpoint.path)")
      #expect(document.contains(endpoint.path), "\(endpoint.path)")
    }
  }

  /// Who may only read may ask for what changes nothing, and for no more.
  @Test func whatChangesSomethingAsksForAKeyThatTrades() {
    for endpoint in Endpoint.all {
      switch endpoint.access {
      case .open, .later, .anyKey: #expect(endpoint.method == .get && endpoint.permits(.readOnly))
      case .tradingKey: #expect(endpoint.method != .get && !endpoint.permits(.readOnly))
      }
      #expect(endpoint.permits(.trading))
    }
  }

  /// What stands in the template goes before a parameter, and a parameter is gone back to.
  @Test(
    arguments: [
      ("/v2/stocks/trades/latest", "/v2/stocks/trades/latest", []),
      ("/v2/stocks/AAPL/trades/latest", "/v2/stocks/{symbol}/trades/latest", ["AAPL"]),
      ("/v2/stocks/trades/trades/latest", "/v2/stocks/{symbol}/trades/latest", ["trades"]),
      ("/v2/stocks/trades/snapshot", "/v2/stocks/{symbol}/snapshot", ["trades"]),
      ("/v2/stocks/meta/exchanges", "/v2/stocks/meta/exchanges", []),
      ("/v2/stocks/meta/quotes", "/v2/stocks/{symbol}/quotes", ["meta"]),
      ("/v2/stocks/meta/quotes/latest", "/v2/stocks/{symbol}/quotes/latest", ["meta"]),
      ("/v2/stocks/meta/conditions/latest", "/v2/stocks/meta/conditions/{tick_type}", ["latest"]),
      ("/v2/orders/a%2Fb", "/v2/orders/{order_id}", ["a/b"]), ("/v2/orders/%61", "/v2/orders/{order_id}", ["a"]),
      ("/v2/%6Frders", "/v2/orders", []), ("/v2/orders:by_client_order_id", "/v2/orders:by_client_order_id", []),
      ("/v2/watchlists:by_name/A%25", "/v2/watchlists:by_name/{symbol}", ["A%"]),
      ("/v1/events/trades", "/v2/events/trades", []), ("/stream/", "/stream", []), ("/v2/sip", "/v2/iex", []),
    ] as [(String, String, [String])])
  func segmentsAreReadOneByOne(path: String, template: String, values: [String]) throws {
    let match = try #require(Endpoint.tree.match(path))
    let found = (try? match.site.endpoint(.get)) ?? (try? match.site.endpoint(.delete))
    let endpoint = try #require(found)
    #expect(endpoint.path == template && match.values == values)
  }

  /// The obvious way: all templates one after the other, those with words before those with parameters.
  private static func obvious(_ path: String) -> (path: String, values: [String])? {
    func segments(_ path: String) -> [String] {
      path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    }
    guard path.first == "/" else { return nil }
    let given = segments(path)
    let fitting = Endpoint.all.flatMap { endpoint in ([endpoint.path] + endpoint.aliases).map { (endpoint.path, $0) } }
      .filter { _, template in
        let parts = segments(template)
        return parts.count == given.count
          && zip(parts, given).allSatisfy { $0.first == "{" ? !$1.isEmpty : $0 == $1 }
      }
    // A brace stands behind all letters.
    guard let best = fitting.min(by: { segments($0.1).lexicographicallyPrecedes(segments($1.1)) }) else { return nil }
    return (best.0, zip(segments(best.1), given).filter { $0.0.first == "{" }.map(\.1))
  }

  @Test func theTreeFindsWhatTheObviousWayFinds() {
    var (random, seed) = SeededRandom.fuzzing("paths of endpoints")
    let words =
      Array(Set(Endpoint.all.flatMap { $0.path.split(separator: "/").map(String.init) })).sorted() + ["", "AAPL"]
    var found = 0
    for _ in 0..<20_000 {
      var parts = random.pick(Endpoint.all).path.split(separator: "/").map(String.init)
      for index in parts.indices where random.oneIn(3) { parts[index] = random.pick(words) }
      if random.oneIn(8) { parts.append(random.pick(words)) }
      let path = "/" + parts.joined(separator: "/")
      let match = Endpoint.tree.match(path)
      let obvious = Self.obvious(path)
      let endpoint = Method.allCases.lazy.compactMap { try? match?.site.endpoint($0) }.first
      #expect(endpoint?.path == obvious?.path && match?.values == obvious?.values, "seed \(seed): \(path)")
      found += match == nil ? 0 : 1
    }
    #expect((2_000..<18_000).contains(found), "the mix is rich, seed \(seed)")
  }

  @Test(arguments: [
    "", "/", "v2/orders", "/v2/orders/", "/v2//orders", "//v2/orders", "/v2/orders/%zz", "/v2/orders/%4",
    "/v2/orders/%",
    "/v2/orders/%ff", "/v2/orders/%C3%A9", "/v2/orders/é", "/v2/stocks", "/v2/stocks/AAPL/latest", "/v2/stocks/AAPL",
    "/v2/stocks/meta/conditions", "/v2/stocks//trades", "/stream//", "/streams", "/v2/iex/", "/v2/orders%2F1",
    "/v1beta1", "/v1beta1/screener/stocks", "/v2/account/portfolio/history/",
  ])
  func otherPathsNameNothing(path: String) { #expect(Endpoint.tree.match(path) == nil) }

  @Test(arguments: [
    ("/v2/orders", "GET, HEAD, POST, DELETE"), ("/v2/orders/1", "GET, HEAD, PATCH, DELETE"),
    ("/v2/positions", "GET, HEAD, DELETE"), ("/v2/account/configurations", "GET, HEAD, PATCH"),
    ("/v2/watchlists", "GET, HEAD, POST"), ("/v2/watchlists/1", "GET, HEAD, POST, PUT, DELETE"),
    ("/v2/watchlists/1/A", "DELETE"), ("/v2/watchlists:by_name", "GET, HEAD, POST, PUT, DELETE"),
    ("/v2/clock", "GET, HEAD"), ("/readyz", "GET, HEAD"), ("/stream", "GET"), ("/v2/iex", "GET"),
  ])
  func methodsThatAPathKnowsAreNamed(path: String, allowed: String) throws {
    #expect(try #require(Endpoint.tree.match(path)).site.allowed == allowed)
  }

  /// Every handler is there, and asks for parameters that its paths have.
  @Test func everyEndpointAnswers() async throws {
    let fixture = GatewayFixture(market: FakeMarket().sources)
    for endpoint in Endpoint.all where !endpoint.isSocket {
      let answer = await fixture.send(endpoint.method.rawValue, Self.path(endpoint.path), "{}")
      let reason = answer["reason"]?.string
      // There is no stream of events here, and letters of conditions have names.
      let isAbsent = ["/v2/events/trades", "/v2/stocks/meta/conditions/{tick_type}"].contains(endpoint.path)
      #expect((reason == "endpoint_not_found") == isAbsent, "\(endpoint.path)")
      #expect(answer.status != 405 && answer.status < 500, "\(endpoint.path): \(answer.text)")
      guard !endpoint.isOpen else { continue }
      #expect(await fixture.send(endpoint.method.rawValue, Self.path(endpoint.path), as: []).status == 401)
    }
  }

  @Test func keysThatOnlyReadAreHeldToIt() async {
    let fixture = GatewayFixture(market: FakeMarket().sources)
    fixture.exchange.state.withLock { $0.credentials["KEYA"]!.role = .readOnly }
    for endpoint in Endpoint.all where !endpoint.isOpen {
      let answer = await fixture.send(endpoint.method.rawValue, Self.path(endpoint.path), "{}")
      #expect((answer["reason"]?.string == "read_only_key") == (endpoint.method != .get), "\(endpoint.path)")
    }
    #expect(fixture.exchange.state.withLock { $0.submitted.isEmpty })
  }
}
