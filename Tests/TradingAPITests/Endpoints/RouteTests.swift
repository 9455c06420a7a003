import APITestKit
import Accounting
import Digest
import HTTP
import JSON
import Lifecycle
import Market
import Ports
import Services
import Testing

@testable import TradingAPI

@Suite struct RouteTests {
  let fixture = GatewayFixture()

  @Test(arguments: [
    "/", "/v2", "/v2/", "/v1/orders", "/v2/orders/", "/v2/positions/", "/v2//orders", "/v2/orders/a/b",
    "/v2/watchlists/a/b/c", "/v2/account/portfolio", "/v2/account/%7B%7D",
    "/v2/orders%2F1", "/v2/%zz", "/v2/%", "/v2/%ff", "//v2/orders", "/V2/orders", "v2/orders", "", "/v2/orders:",
    "/healthz/", "/admin/v1",
  ])
  func otherPathsAreNotThere(path: String) async {
    for method in ["GET", "DELETE", "POST"] {
      let answer = await fixture.send(method, path)
      #expect(answer.status == 404)
      #expect(answer.code == 40_410_000)
      #expect(answer.message == "endpoint not found.")
      #expect(answer.header("X-Request-ID") != nil)
    }
  }

  @Test(arguments: [
    ("PUT", "/v2/orders", "GET, HEAD, POST, DELETE"), ("POST", "/v2/orders/1", "GET, HEAD, PATCH, DELETE"),
    ("POST", "/v2/account", "GET, HEAD"), ("DELETE", "/healthz", "GET, HEAD"), ("OPTIONS", "/v2/clock", "GET, HEAD"),
    ("get", "/v2/clock", "GET, HEAD"), ("PATCH", "/v2/positions", "GET, HEAD, DELETE"),
  ])
  func otherMethodsAreNamed(method: String, path: String, allowed: String) async {
    let answer = await fixture.send(method, path)
    #expect(answer.status == 405)
    #expect(answer.code == 40_510_000)
    #expect(answer.header("Allow") == allowed)
  }

  @Test func headIsGet() async { #expect(await fixture.send("HEAD", "/v2/account").status == 200) }

  @Test func requestIdentifierIsTakenOverWhenItIsHarmless() async {
    let given = await fixture.send("GET", "/healthz", as: [("x-request-id", "abc-1")])
    #expect(given.header("X-Request-ID") == "abc-1")
    for bad in ["", "a b", "ü", String(repeating: "x", count: 129), "a\r\nb"] {
      let id = await fixture.send("GET", "/healthz", as: [("X-Request-Id", bad)]).header("X-Request-ID")
      #expect(id.flatMap { UniqueID($0) } != nil)
    }
  }

  @Test func healthDoesNotAskTheDatabaseAndReadinessDoes() async {
    #expect(await fixture.send("GET", "/readyz", as: []).text == #"{"status":"ok"}"#)
    fixture.exchange.state.withLock { state in
      state.failure = .unavailable(reason: "away")
      state.now = state.now.advanced(byMicroseconds: 1_000_000)
    }
    let health = await fixture.send("GET", "/healthz", as: [])
    #expect(health.status == 200)
    #expect(health.text == #"{"status":"ok"}"#)
    #expect(await fixture.send("GET", "/readyz", as: []).status == 503)
  }

  @Test func tooLargeABodyIsRefused() async {
    let answer = await fixture.send("POST", "/v2/orders", bytes: [UInt8](repeating: 0x20, count: (1 << 20) + 1))
    #expect(answer.status == 413)
    #expect(answer.code == 41_310_000)
  }
}
