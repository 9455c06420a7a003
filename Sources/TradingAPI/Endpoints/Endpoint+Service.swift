internal import APIKit

extension Endpoint {
  /// What the gateway says of itself; no key is needed.
  static let service: [Endpoint] = [
    Endpoint(
      .get, "/healthz", .open(GatewayService.showHealth),
      APIOperation(
        name: "getHealth", tag: "Service", summary: "Answers while the process lives.",
        answer: .init(200, "It does.", .named("Health")))),
    Endpoint(
      .get, "/readyz", .open(GatewayService.showReadiness),
      APIOperation(
        name: "getReadiness", tag: "Service",
        summary: "Tells whether requests can be answered.", answer: .init(200, "They can.", .named("Health")),
        otherAnswer: .init(503, "They cannot.", .named("Health")))),
    Endpoint(
      .get, "/openapi.json", .open(GatewayService.showDescription),
      APIOperation(
        name: "getDescription", tag: "Service", summary: "This description.",
        answer: .init(200, "An OpenAPI document.", .object([.always("openapi", .string())])))),
    Endpoint(
      .get, "/docs", .open(GatewayService.showDocumentation),
      APIOperation(
        name: "getDocumentation", tag: "Service",
        summary: "This description for people, as HTML.", answer: .init(200, "A page."))),
  ]
}
