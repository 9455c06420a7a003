import APITestKit
import HTTP
import JSON
import Testing

@testable import TradingAPI

/// The description of the API that is made of the table of endpoints.
@Suite struct APIDescriptionTests {
  private let document: JSONValue

  init() throws { document = try JSONDocument(APIDescription.document).root }

  @Test func namesAreUniqueAndParametersOfPathsAreDescribed() {
    let operations = Endpoint.all.compactMap(\.operation)
    #expect(Set(operations.map(\.name)).count == operations.count)
    for endpoint in Endpoint.all {
      guard let operation = endpoint.operation else { continue }
      let inPath = operation.parameters.filter { $0.place == .path }.map(\.name)
      #expect(inPath == endpoint.parameters, "\(operation.name)")
    }
  }

  /// Every reference leads to something.
  @Test func referencesLeadSomewhere() throws {
    let text = String(decoding: APIDescription.document, as: UTF8.self)
    for match in text.matches(of: /"\$ref":"#\/components\/([a-z]+)\/([A-Za-z0-9]+)"/) {
      #expect(document["components"]?[String(match.1)]?[String(match.2)] != nil, "\(match.0)")
    }
  }

  @Test func anybodyMayReadIt() async throws {
    let fixture = GatewayFixture()
    let answer = await fixture.gateway.handle(HTTPRequest(method: "GET", rawPath: "/openapi.json"))
    #expect(answer.status == 200 && answer.body == APIDescription.document)
    #expect(document["openapi"]?.string == "3.1.0")
    let refused = await fixture.gateway.handle(HTTPRequest(method: "POST", rawPath: "/openapi.json"))
    #expect(refused.status == 405)
  }
}
