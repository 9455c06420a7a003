internal import JSON

/// What an endpoint is for, what it takes and what it answers, as the API's description tells it.
struct APIOperation: Sendable {
  /// A parameter in the path, the query or a header.
  struct Parameter: Sendable {
    enum Place: String { case path, query, header }

    var name: String
    var place: Place
    var schema: APISchema
    var summary: String
    var isRequired = false

    static func path(_ name: String, _ schema: APISchema, _ summary: String) -> Parameter {
      Parameter(name: name, place: .path, schema: schema, summary: summary, isRequired: true)
    }

    static func query(_ name: String, _ schema: APISchema, _ summary: String) -> Parameter {
      Parameter(name: name, place: .query, schema: schema, summary: summary)
    }

    static func required(_ name: String, _ schema: APISchema, _ summary: String) -> Parameter {
      Parameter(name: name, place: .query, schema: schema, summary: summary, isRequired: true)
    }
  }

  /// What comes back when all is well.
  struct Answer: Sendable {
    var status: Int
    var summary: String
    /// The body; nil when there is none.
    var schema: APISchema?
    /// How the body is written.
    var mediaType = APIOperation.json

    init(_ status: Int, _ summary: String, _ schema: APISchema? = nil, as mediaType: String = APIOperation.json) {
      self.mediaType = mediaType
      self.status = status
      self.summary = summary
      self.schema = schema
    }
  }

  static let json = "application/json"
  /// Server-sent events: each has an event of the schema as its data.
  static let eventStream = "text/event-stream"

  /// Unique, as the best-known client names it.
  var name: String
  var tag: String
  var summary: String
  var parameters: [Parameter] = []
  var body: APISchema?
  var answer: Answer
  /// Another answer with a body of its own.
  var otherAnswer: Answer?
  /// Refusals beside those that every operation may meet.
  var refusals: [Int] = []
}

extension JSONWriter {
  mutating func operation(of endpoint: Endpoint) {
    beginObject()
    if let operation = endpoint.operation { members(of: operation, endpoint) }
    endObject()
  }

  private mutating func members(of operation: APIOperation, _ endpoint: Endpoint) {
    member("operationId", operation.name)
    key("tags")
    beginArray()
    string(operation.tag)
    endArray()
    member("summary", operation.summary)
    if !operation.parameters.isEmpty {
      key("parameters")
      beginArray()
      for parameter in operation.parameters { self.parameter(parameter) }
      endArray()
    }
    if let body = operation.body {
      key("requestBody")
      beginObject()
      key("required")
      bool(true)
      content(body)
      endObject()
    }
    key("responses")
    beginObject()
    answer(operation.answer)
    if let other = operation.otherAnswer { answer(other) }
    for status in endpoint.refusals { refusal(status) }
    endObject()
    if endpoint.isOpen {
      key("security")
      beginArray()
      endArray()
    }
  }

  private mutating func parameter(_ parameter: APIOperation.Parameter) {
    beginObject()
    member("name", parameter.name)
    member("in", parameter.place.rawValue)
    member("description", parameter.summary)
    key("required")
    bool(parameter.isRequired)
    // Lists are separated by commas.
    if case .array = parameter.schema {
      key("explode")
      bool(false)
    }
    key("schema")
    schema(parameter.schema)
    endObject()
  }

  private mutating func answer(_ answer: APIOperation.Answer) {
    key(dynamic: String(answer.status))
    beginObject()
    member("description", answer.summary)
    if let schema = answer.schema { content(schema, as: answer.mediaType) }
    endObject()
  }

  private mutating func refusal(_ status: Int) {
    key(dynamic: String(status))
    beginObject()
    member("$ref", "#/components/responses/Refusal\(status)")
    endObject()
  }

  mutating func content(_ schema: APISchema, as mediaType: String = APIOperation.json) {
    key("content")
    beginObject()
    key(dynamic: mediaType)
    beginObject()
    key("schema")
    self.schema(schema)
    endObject()
    endObject()
  }

  mutating func member(_ name: StaticString, _ text: String) {
    key(name)
    string(text)
  }
}
