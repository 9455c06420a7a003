import APITestKit
import Accounting
import ClientKit
import Digest
import HTTP
import JSON
import Lifecycle
import Market
import Ports
import Services
import Testing

@testable import TradingAPI

@Suite struct AuthenticationTests {
  let fixture = GatewayFixture()

  @Test(arguments: [
    [],
    [("APCA-API-KEY-ID", "KEYA")],
    [("APCA-API-SECRET-KEY", "secret-a")],
    [("APCA-API-KEY-ID", "NOBODY"), ("APCA-API-SECRET-KEY", "secret-a")],
    [("APCA-API-KEY-ID", "KEYA"), ("APCA-API-SECRET-KEY", "secret-b")],
    [("APCA-API-KEY-ID", "KEYA"), ("APCA-API-SECRET-KEY", "")],
    [("APCA-API-KEY-ID", ""), ("APCA-API-SECRET-KEY", "")],
    [("APCA-API-KEY-ID", "KEYA"), ("APCA-API-KEY-ID", "KEYA"), ("APCA-API-SECRET-KEY", "secret-a")],
    [("APCA-API-KEY-ID", "KEYA"), ("APCA-API-SECRET-KEY", "secret-a"), ("apca-api-secret-key", "x")],
    [("APCA-API-KEY-ID", String(repeating: "K", count: 5000)), ("APCA-API-SECRET-KEY", "secret-a")],
    [("Authorization", "Bearer secret-a")],
    [("Authorization", "Basic ???")],
    [("Authorization", "Basic S0VZQQ==")],
    [("Authorization", "Basic S0VZQTpzZWNyZXQtYg==")],
  ])
  func everyFailureLooksTheSame(headers: [(String, String)]) async {
    let answer = await fixture.send("GET", "/v2/account", as: headers)
    #expect(answer.status == 401)
    #expect(answer.text == #"{"code":40110000,"message":"request is not authorized","reason":"unauthorized"}"#)
  }

  @Test func pairAndBasicLeadToTheSameAccount() async {
    let upper = await fixture.send("GET", "/v2/account")
    let mixed = await fixture.send(
      "GET", "/v2/account", as: [("apca-API-key-ID", "KEYA"), ("APCA-api-SECRET-key", "secret-a")])
    let basic = await fixture.send("GET", "/v2/account", as: [("authorization", "bAsIc S0VZQTpzZWNyZXQtYQ==")])
    for answer in [upper, mixed, basic] { #expect(answer["account_number"]?.string == "1001") }
  }

  /// Names that Swift's strings hold for equal and the database does not are nobody's, and lock nobody out.
  @Test func aKeyIsItsBytes() async {
    let twin = "\u{212A}EYA"
    #expect(twin == "KEYA")
    for _ in 0..<3 {
      for name in [twin, "KEYA\u{0}", "KEYA\u{200D}", "KE YA", "KEYA "] {
        let answer = await fixture.send(
          "GET", "/v2/account", as: [("APCA-API-KEY-ID", name), ("APCA-API-SECRET-KEY", "secret-a")])
        #expect(answer.status == 401, "\(name.debugDescription)")
      }
      #expect(await fixture.send("GET", "/v2/account").status == 200)
    }
    // "PK\u{0}ABC:secret"
    #expect(
      await fixture.send("GET", "/v2/account", as: [("Authorization", "Basic UEsAQUJDOnNlY3JldA==")]).status == 401)
    #expect(await fixture.send("GET", "/v2/assets/%E2%84%AAAPL").status == 404)
    #expect(InstrumentTable([GatewayFixture.apple]).named("A\u{0041}PL") != nil)
    #expect(InstrumentTable([GatewayFixture.apple]).named("AAPL\u{0}") == nil)
  }

  /// Who names keys that do not exist is held up; who has one is not, from wherever he comes.
  @Test func unknownKeysAreBoundedByAddress() async {
    func ask(_ key: String, from peer: String) async -> Int {
      await fixture.gateway.handle(
        HTTPRequest(
          method: "GET", rawPath: "/v2/clock",
          headers: [("APCA-API-KEY-ID", key), ("APCA-API-SECRET-KEY", "secret-a")], peer: peer)
      ).status
    }
    #expect(await ask("KEYA", from: "192.0.2.1") == 200)
    var statuses: [Int: Int] = [:]
    for number in 0..<1_000 { statuses[await ask("NOBODY\(number)", from: "192.0.2.1"), default: 0] += 1 }
    let burst = GatewayConfiguration().unknownKeyBurst
    #expect(statuses == [401: burst, 429: 1_000 - burst])
    #expect(fixture.exchange.state.withLock { $0.credentialLookups } == burst + 1)
    #expect(await ask("KEYA", from: "192.0.2.1") == 200)
    #expect(await ask("NOBODY", from: "192.0.2.2") == 401)
    fixture.exchange.state.withLock { $0.now = $0.now.advanced(byMicroseconds: 1_000_000) }
    #expect(await ask("NOBODY", from: "192.0.2.1") == 401)
  }

  @Test func badBodiesOfUnauthenticatedAreNotLookedAt() async {
    #expect(await fixture.send("POST", "/v2/orders", "nonsense", as: []).status == 401)
  }

  @Test func keysAreLookedUpOnceASpanAndRevokedKeysEnd() async {
    for _ in 0..<50 { _ = await fixture.send("GET", "/v2/clock") }
    #expect(fixture.exchange.state.withLock { $0.credentialLookups } == 1)
    fixture.exchange.state.withLock { state in
      state.credentials["KEYA"] = nil
      state.now = state.now.advanced(byMicroseconds: 1_000_001)
    }
    #expect(await fixture.send("GET", "/v2/clock").status == 401)
  }

  @Test func unreachableLedgerIsNotATrespass() async {
    fixture.exchange.state.withLock { $0.failure = .unavailable(reason: "away") }
    let answer = await fixture.send("GET", "/v2/account")
    #expect(answer.status == 503)
    #expect(answer.header("Retry-After") == "1")
  }

  @Test func rateLimitCountsByKey() async {
    var configuration = GatewayConfiguration()
    configuration.requestsPerMinute = 3
    let fixture = GatewayFixture(configuration)
    for left in ["2", "1", "0"] {
      let answer = await fixture.send("GET", "/v2/clock")
      #expect(answer.status == 200)
      #expect(answer.header("X-RateLimit-Limit") == "3")
      #expect(answer.header("X-RateLimit-Remaining") == left)
    }
    let answer = await fixture.send("GET", "/v2/clock")
    #expect(answer.status == 429)
    #expect(answer.code == 42_910_000)
    #expect(answer.message == "too many requests")
    #expect(answer.header("Retry-After") == "20")
    #expect(await fixture.send("GET", "/v2/clock", as: GatewayFixture.bobHeaders).status == 200)
    fixture.exchange.state.withLock { $0.now = $0.now.advanced(byMicroseconds: 20_000_000) }
    #expect(await fixture.send("GET", "/v2/clock").status == 200)
  }
}
