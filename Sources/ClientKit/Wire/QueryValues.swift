package import APIKit
package import Market

/// Query parameters by name; empty ones are absent, of repeated ones the first counts.
package struct QueryValues {
  private let parameters: [(name: String, value: String)]

  package init(_ parameters: [(name: String, value: String)]) { self.parameters = parameters }

  /// A text.
  package func text(_ name: String) -> String? {
    parameters.first { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
  }

  /// A list with commas between its elements; empty elements are dropped.
  package func list(_ name: String) -> [String]? {
    text(name).map { $0.split(separator: ",").map(String.init) }
  }

  /// One of some words.
  package func word<Word>(_ name: String, _ words: (String) -> Word?) throws(APIError) -> Word? {
    guard let text = text(name) else { return nil }
    guard let word = words(text) else { throw Self.invalid(name) }
    return word
  }

  /// A whole number within bounds.
  package func integer(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
    try word(name) { text in
      guard text.utf8.count <= 9, text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
        let number = Int(text), range.contains(number)
      else { return nil }
      return number
    }
  }

  /// A truth value as Python, Go and JavaScript write it.
  package func flag(_ name: String) throws(APIError) -> Bool? {
    try word(name) { text in
      switch text {
      case "true", "True", "1": return true
      case "false", "False", "0": return false
      default: return nil
      }
    }
  }

  /// Which way a list goes.
  package enum Direction {
    case ascending
    case descending
  }

  /// `asc` or `desc`.
  package func direction() throws(APIError) -> Direction? {
    try word("direction") { text in
      switch text {
      case "asc": return .ascending
      case "desc": return .descending
      default: return nil
      }
    }
  }

  /// A time or a date.
  package func time(_ name: String) throws(APIError) -> Timestamp? { try word(name, QuestionTime.moment) }

  /// A date, or a moment for its day in New York.
  package func day(_ name: String) throws(APIError) -> Day? { try word(name, QuestionTime.day) }

  /// A bound of a list of days, by an older and a newer name; the older one counts.
  package func boundary(oneOf older: String, _ newer: String) throws(APIError) -> Day? {
    try boundary(text(older) == nil ? newer : older)
  }

  /// A bound of a list of days.
  package func boundary(_ name: String) throws(APIError) -> Day? { try word(name, QuestionTime.boundary) }

  /// The end of a span by an older and a newer name; the older one counts. A date is in the span as a whole.
  package func end(oneOf older: String, _ newer: String) throws(APIError) -> Timestamp? {
    let name = text(older) == nil ? newer : older
    if let day = text(name).flatMap({ Day($0) }) {
      let next = QuestionTime.bounded(NewYorkTime.moment(day.advanced(by: 1), hour: 0, minute: 0))
      return next.advanced(byMicroseconds: -1)
    }
    return try time(name)
  }

  /// An identifier.
  package func id(_ name: String) throws(APIError) -> UniqueID? { try word(name) { UniqueID($0) } }

  private static func invalid(_ name: String) -> APIError { .field("invalid \(name)", reason: "invalid_\(name)") }
}
