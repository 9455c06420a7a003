internal import APIKit
internal import JSON

/// The Trading API described for machines: an OpenAPI 3.1 document, served at `/openapi.json`.
///
/// It is made of the table of endpoints, ``Endpoint/all``; the schemas are written by hand, a file for each area. A test sends
/// what it allows to a running gateway and compares the answers with it.
enum APIDescription {
  /// What the language has words for, in the table's order.
  static let endpoints = Endpoint.all.filter { $0.operation != nil }

  /// The document.
  static let document: [UInt8] = {
    var writer = JSONWriter(capacity: 64 * 1024)
    writer.beginObject()
    writer.member("openapi", "3.1.0")
    writer.key("info")
    info(&writer)
    writer.key("security")
    writer.beginArray()
    for scheme in securitySchemes { scheme.requirement(&writer) }
    writer.endArray()
    writer.key("paths")
    paths(&writer)
    writer.key("components")
    components(&writer)
    writer.endObject()
    return writer.bytes
  }()

  private static func info(_ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("title", "Buttonwood Trading API")
    writer.member("version", "2")
    writer.member(
      "description",
      "Orders, positions and accounts of a Buttonwood exchange, in the form that Alpaca's clients speak. Money, prices and "
        + "quantities are decimal strings. An order that was answered 200 is durable; when the connection closes without an "
        + "answer, ask for the order by its client_order_id, or repeat the request with the same Idempotency-Key. An account's "
        + "events are told without end on the WebSocket /stream and as server-sent events on /v2/events/trades; market data is told on the "
        + "WebSocket /v2/iex.")
    writer.endObject()
  }

  private static func paths(_ writer: inout JSONWriter) {
    let byPath = Dictionary(grouping: endpoints, by: \.path)
    writer.beginObject()
    for path in byPath.keys.sorted() {
      writer.key(dynamic: path)
      writer.beginObject()
      for endpoint in byPath[path]! {
        writer.key(dynamic: endpoint.method.rawValue.lowercased())
        writer.operation(of: endpoint)
      }
      writer.endObject()
    }
    writer.endObject()
  }

  private static func components(_ writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("securitySchemes")
    writer.beginObject()
    for scheme in securitySchemes { scheme.write(&writer) }
    writer.endObject()
    writer.key("schemas")
    writer.beginObject()
    for (name, schema) in schemas.sorted(by: { $0.key < $1.key }) {
      writer.key(dynamic: name)
      writer.schema(schema)
    }
    writer.endObject()
    writer.key("responses")
    writer.beginObject()
    for status in Set(endpoints.flatMap(\.refusals)).sorted() {
      writer.key(dynamic: "Refusal\(status)")
      writer.beginObject()
      writer.member("description", refusals[status] ?? "Refused.")
      writer.content(.named("Error"))
      writer.endObject()
    }
    writer.endObject()
    writer.endObject()
  }

  /// All named schemas.
  private static let schemas = [
    orderSchemas, accountSchemas, watchlistSchemas, marketSchemas, marketDataSchemas, serviceSchemas,
  ].reduce(into: [String: APISchema]()) { $0.merge($1) { $1 } }

  /// What a status says that refuses.
  private static let refusals: [Int: String] = [
    400: "The request cannot be read.",
    401: "No key, an unknown key, or a wrong secret.",
    403: "Not allowed: too little money or too few shares, a blocked account, or an order that would meet one's own.",
    404: "It is not there.",
    405: "The path knows other methods; they are named in the header Allow.",
    413: "The body is too large.",
    422: "A field or parameter is missing, malformed or not supported, or the order is in another state.",
    429: "Too many requests: come back after the seconds that the header Retry-After names. Nothing was stored.",
    500: "A fault of the exchange's. Nothing was stored.",
    503: "The exchange cannot answer now. Nothing was stored.",
  ]
}

/// How clients say who they are.
private struct SecurityScheme: Sendable {
  /// Names of the schemes that are needed together, with what each is.
  var parts: [(name: String, header: String?)]

  func requirement(_ writer: inout JSONWriter) {
    writer.beginObject()
    for part in parts {
      writer.key(dynamic: part.name)
      writer.beginArray()
      writer.endArray()
    }
    writer.endObject()
  }

  func write(_ writer: inout JSONWriter) {
    for part in parts {
      writer.key(dynamic: part.name)
      writer.beginObject()
      if let header = part.header {
        writer.member("type", "apiKey")
        writer.member("in", "header")
        writer.member("name", header)
      } else {
        writer.member("type", "http")
        writer.member("scheme", "basic")
      }
      writer.endObject()
    }
  }
}

private let securitySchemes = [
  SecurityScheme(parts: [("KeyID", "APCA-API-KEY-ID"), ("Secret", "APCA-API-SECRET-KEY")]),
  SecurityScheme(parts: [("Basic", nil)]),
]
