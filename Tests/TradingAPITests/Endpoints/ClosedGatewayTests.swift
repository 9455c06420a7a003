import APITestKit
import HTTP
import JSON
import Testing
import TradingAPI

/// A gateway whose database has no schema yet.
struct ClosedGatewayTests {
  private let fixture = GatewayFixture()
  private static let sentence = "the database has no schema; run \"buttonwood migrate\""

  private func get(_ path: String, method: String = "GET") async -> HTTPResponse {
    await fixture.gateway.handle(
      HTTPRequest(method: method, rawPath: path, headers: GatewayFixture.aliceHeaders, body: [], peer: "127.0.0.1"))
  }

  @Test func itAnswers503WithWhatHelpsUntilItIsOpened() async throws {
    fixture.gateway.close(because: Self.sentence)
    for (path, method) in [("/v2/account", "GET"), ("/v2/orders", "POST"), ("/v2/clock", "GET"), ("/stream", "GET")] {
      let response = await get(path, method: method)
      #expect(response.status == 503, "\(path)")
      let body = try JSONDocument(response.body).root
      #expect(body["message"]?.string?.contains(Self.sentence) == true && body["reason"]?.string == "not_ready")
      #expect(response.headers.contains { $0.name == "Retry-After" })
    }
    let ready = await get("/readyz")
    #expect(ready.status == 503)
    #expect(try JSONDocument(ready.body).root["status"]?.string == Self.sentence)
    #expect(await fixture.gateway.whyNotReady() == Self.sentence)
    #expect(await get("/healthz").status == 200)
    #expect(await get("/openapi.json").status == 200)
    #expect(await get("/v2/nothing").status == 404)
    fixture.gateway.open()
    #expect(await get("/readyz").status == 200)
    #expect(await get("/v2/account").status == 200)
    #expect(await fixture.gateway.whyNotReady() == nil)
  }
}
