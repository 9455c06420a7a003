package import JSON

extension JSONValue {
  /// Reads a text; nil when it is no JSON.
  package static func read(_ bytes: some Collection<UInt8>) -> JSONValue? {
    do throws(JSONError) { return try JSONDocument(Array(bytes)).root } catch { return nil }
  }

  /// The whole number that this is, or that stands in this string as the protocol sends quantities; nil when it is none.
  package var wholeNumber: Int64? { integer ?? string.flatMap { Int64($0) } }
}
