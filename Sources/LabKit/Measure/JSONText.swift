internal import JSON

/// A JSON value to be printed.
package indirect enum JSONText: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int64)
  case string(String)
  case array([JSONText])
  case members([Member])

  /// A name and its value.
  package struct Member: Sendable, Equatable {
    let name: String
    let value: JSONText
  }

  /// An object whose members stand in this order.
  package static func object(_ members: [(String, JSONText)]) -> JSONText {
    .members(members.map { Member(name: $0.0, value: $0.1) })
  }

  /// The text, on one line.
  package var text: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): "\(value)"
    case .string(let value): Self.quoted(value)
    case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
    case .members(let members):
      "{" + members.map { Self.quoted($0.name) + ":" + $0.value.text }.joined(separator: ",") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = []
    JSONWriter.appendQuoted(text, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
