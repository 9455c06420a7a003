internal import ClientKit
internal import JSON

/// The shape of a JSON value, as OpenAPI 3.1 (JSON Schema 2020-12) describes it.
indirect enum APISchema: Sendable {
  /// Any text; `format` is one of JSON Schema's or OpenAPI's words.
  case string(format: StaticString? = nil, pattern: StaticString? = nil, limit: ClosedRange<Int>? = nil)
  /// One of some words.
  case word([String])
  /// A whole number.
  case integer(ClosedRange<Int>? = nil)
  /// A number.
  case number
  /// A price: a number of at least a cent.
  case price
  /// `true` or `false`.
  case boolean
  /// Nothing but `null`.
  case null
  /// A list; `least` elements at least.
  case array(APISchema, least: Int = 0)
  /// Members; what is not named may be there too.
  case object([APIProperty])
  /// Members of one shape under names that nobody knows beforehand.
  case map(APISchema)
  /// A named schema of the document.
  case named(String)
  /// One of several.
  case any([APISchema])

  /// The schema, or null.
  static func optional(_ schema: APISchema) -> APISchema { .any([schema, .null]) }

  /// A decimal in plain notation, as a string.
  static let decimal = APISchema.string(pattern: #"^-?[0-9]+(\\.[0-9]+)?$"#)
  /// A price that a client sends: a string or a number, read by its digits.
  static let priceInput = APISchema.any([.string(pattern: #"^[1-9][0-9]{0,5}(\\.[0-9]{1,2})?$"#), .price])
  /// A number of shares that a client sends.
  static let sharesInput = APISchema.any([.string(pattern: "^[1-9][0-9]{0,6}$"), .integer(1...10_000_000)])
  /// A decimal that a client sends: a string or a number.
  static let decimalInput = APISchema.any([.string(), .number])
  /// The form of a symbol.
  static let symbol = APISchema.string(pattern: "^[A-Z][A-Z0-9.-]{0,11}$")
  static let uuid = APISchema.string(format: "uuid")
  static let time = APISchema.string(format: "date-time")
  static let date = APISchema.string(format: "date")
}

/// A member of an object.
struct APIProperty: Sendable {
  var name: String
  var schema: APISchema
  var isRequired: Bool
  var summary: String?

  /// A member that is always there.
  static func always(_ name: String, _ schema: APISchema, _ summary: String? = nil) -> APIProperty {
    APIProperty(name: name, schema: schema, isRequired: true, summary: summary)
  }

  /// A member that may be missing.
  static func perhaps(_ name: String, _ schema: APISchema, _ summary: String? = nil) -> APIProperty {
    APIProperty(name: name, schema: schema, isRequired: false, summary: summary)
  }

  /// Several members of one shape that are always there.
  static func always(_ names: [String], _ schema: APISchema) -> [APIProperty] { names.map { .always($0, schema) } }
}

extension JSONWriter {
  mutating func schema(_ schema: APISchema) {
    beginObject()
    members(of: schema)
    endObject()
  }

  private mutating func members(of schema: APISchema) {
    switch schema {
    case .string(let format, let pattern, let limit):
      type("string")
      if let format { text("format", format) }
      if let pattern { text("pattern", pattern) }
      if let limit { bounds("minLength", "maxLength", limit) }
    case .word(let words):
      type("string")
      key("enum")
      beginArray()
      for word in words { string(word) }
      endArray()
    case .integer(let range):
      type("integer")
      if let range { bounds("minimum", "maximum", range) }
    case .number: type("number")
    case .price:
      type("number")
      key("minimum")
      number(1, fractionDigits: 2)
      key("maximum")
      integer(1_000_000)
    case .boolean: type("boolean")
    case .null: type("null")
    case .array(let element, let least):
      type("array")
      key("items")
      self.schema(element)
      guard least > 0 else { return }
      key("minItems")
      integer(Int64(least))
    case .object(let properties): object(properties)
    case .map(let element):
      type("object")
      key("additionalProperties")
      self.schema(element)
    case .named(let name):
      key("$ref")
      string("#/components/schemas/\(name)")
    case .any(let schemas):
      key("anyOf")
      beginArray()
      for schema in schemas { self.schema(schema) }
      endArray()
    }
  }

  private mutating func object(_ properties: [APIProperty]) {
    type("object")
    key("properties")
    beginObject()
    for property in properties {
      key(dynamic: property.name)
      beginObject()
      members(of: property.schema)
      if let summary = property.summary {
        key("description")
        string(summary)
      }
      endObject()
    }
    endObject()
    let required = properties.filter(\.isRequired).map(\.name)
    guard !required.isEmpty else { return }
    key("required")
    beginArray()
    for name in required { string(name) }
    endArray()
  }

  private mutating func type(_ name: StaticString) { text("type", name) }

  private mutating func text(_ name: StaticString, _ value: StaticString) {
    key(name)
    string(plain: value)
  }

  private mutating func bounds(_ least: StaticString, _ most: StaticString, _ range: ClosedRange<Int>) {
    key(least)
    integer(Int64(range.lowerBound))
    guard range.upperBound < .max else { return }
    key(most)
    integer(Int64(range.upperBound))
  }
}
