extension APIDescription {
  static let serviceSchemas: [String: APISchema] = [
    "Health": .object([.always("status", .string())]),
    "Error": .object([
      .always("code", .integer(), "The status, and what kind of refusal it is."),
      .always("message", .string(), "For people; clients search some of them."),
      .perhaps("reason", .string(), "One word for programs."),
    ]),
  ]
}
