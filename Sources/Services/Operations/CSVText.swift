/// Comma-separated values.
///
/// Source: RFC 4180; lines may end in LF alone, and a byte order mark is passed over.
enum CSVText {
  /// One record and the line it begins on.
  struct Record: Hashable, Sendable {
    var line: Int
    /// The fields; nil when their quotes are wrong.
    var fields: [String]?
  }

  /// All records in order; a last line without content is none.
  static func records(_ text: String) -> [Record] {
    var records: [Record] = []
    var reader = Reader(bytes: Array(text.utf8)[...])
    if reader.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.bytes.removeFirst(3) }
    while !reader.bytes.isEmpty { records.append(reader.record()) }
    return records
  }

  private struct Reader {
    var bytes: ArraySlice<UInt8>
    var line = 1

    mutating func record() -> Record {
      let start = line
      var fields: [String] = []
      while let field = field() {
        fields.append(field)
        guard bytes.first == UInt8(ascii: ",") else {
          return endsLine() ? Record(line: start, fields: fields) : skipped(start)
        }
        bytes.removeFirst()
      }
      return skipped(start)
    }

    /// One field; nil when its quotes do not end.
    private mutating func field() -> String? {
      guard bytes.first == UInt8(ascii: "\"") else {
        let field = bytes.prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        bytes = bytes[field.endIndex...]
        return String(decoding: field, as: UTF8.self)
      }
      var rest = bytes.dropFirst()
      var field: [UInt8] = []
      var lines = 0
      while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "\""), rest.first != byte {
          bytes = rest
          line += lines
          return String(decoding: field, as: UTF8.self)
        }
        if byte == UInt8(ascii: "\"") { rest.removeFirst() }
        if byte == UInt8(ascii: "\n") { lines += 1 }
        field.append(byte)
      }
      return nil
    }

    /// Takes the end of the line, if here is one.
    private mutating func endsLine() -> Bool {
      var rest = bytes
      if rest.first == UInt8(ascii: "\r") { rest.removeFirst() }
      guard rest.isEmpty || rest.first == UInt8(ascii: "\n") else { return false }
      bytes = rest.dropFirst()
      line += 1
      return true
    }

    /// Passes over the rest of a line that makes no sense.
    private mutating func skipped(_ start: Int) -> Record {
      bytes = bytes.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
      line += 1
      return Record(line: start, fields: nil)
    }
  }
}
