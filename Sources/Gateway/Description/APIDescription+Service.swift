extension APIDescription {
  /// What the gateway says of itself; no key is needed.
  static let service: [APIOperation] = [
    APIOperation(
      method: .get, path: "/healthz", name: "getHealth", tag: "Service", summary: "Answers while the process lives.",
      answer: .init(200, "It does.", .named("Health")), isOpen: true),
    APIOperation(
      method: .get, path: "/readyz", name: "getReadiness", tag: "Service",
      summary: "Tells whether requests can be answered.", answer: .init(200, "They can.", .named("Health")),
      otherAnswer: .init(503, "They cannot.", .named("Health")), isOpen: true),
    APIOperation(
      method: .get, path: "/openapi.json", name: "getDescription", tag: "Service", summary: "This description.",
      answer: .init(200, "An OpenAPI document.", .object([.always("openapi", .string())])), isOpen: true),
    APIOperation(
      method: .get, path: "/docs", name: "getDocumentation", tag: "Service",
      summary: "This description for people, as HTML.", answer: .init(200, "A page."), isOpen: true),
  ]

  static let serviceSchemas: [String: APISchema] = [
    "Health": .object([.always("status", .string())]),
    "Error": .object([
      .always("code", .integer(), "The status, and what kind of refusal it is."),
      .always("message", .string(), "For people; clients search some of them."),
      .perhaps("reason", .string(), "One word for programs."),
    ]),
  ]
}
