internal import APIKit
internal import ClientKit
internal import HTTP
internal import JSON

extension GatewayService {
  /// `GET /healthz`
  func showHealth(_ request: HTTPRequest, _ headers: RequestHeaders) -> HTTPResponse { Self.status(200, "ok") }

  /// `GET /readyz`
  func showReadiness(_ request: HTTPRequest, _ headers: RequestHeaders) async -> HTTPResponse {
    if let reason = await whyNotReady() { return Self.status(503, reason) }
    return Self.status(200, "ok")
  }

  /// `GET /openapi.json`
  func showDescription(_ request: HTTPRequest, _ headers: RequestHeaders) -> HTTPResponse {
    .json(200, APIDescription.document)
  }

  /// `GET /docs`
  func showDocumentation(_ request: HTTPRequest, _ headers: RequestHeaders) -> HTTPResponse {
    HTTPResponse(
      status: 200, headers: [("Content-Type", "text/html; charset=utf-8")], body: DocumentationPage.html)
  }

  private static func status(_ status: Int, _ text: String) -> HTTPResponse {
    var writer = JSONWriter(capacity: 64)
    writer.beginObject()
    writer.key("status")
    writer.string(text)
    writer.endObject()
    return .json(status, writer)
  }
}
