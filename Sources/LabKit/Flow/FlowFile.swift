package import Recordings

/// The notations of recorded order flow.
package enum FlowFormat: String, CaseIterable, Sendable {
  /// LOBSTER message files.
  case lobster
  /// Converted streams with expected fills.
  case commands

  /// What a file holds, by its first line and its name; nil when neither tells.
  static func guess(firstLine: ArraySlice<UInt8>, name: String) -> FlowFormat? {
    if String(decoding: firstLine, as: UTF8.self).hasPrefix(CommandsRow.headerStart) { return .commands }
    if (try? LobsterRow.parse(firstLine, number: 1)) != nil { return .lobster }
    if name.contains(".commands.") { return .commands }
    return name.contains("_message_") ? .lobster : nil
  }
}

/// Recorded order flow, read row by row.
package final class FlowFile {
  /// The notation.
  package let format: FlowFormat
  private let path: String
  private let lines: LineReader
  private let limit: Int
  private var pending: ArraySlice<UInt8>?
  private var line = 0
  private var rows = 0

  /// Opens a file; without a format, guesses it from the first line and the name.
  ///
  /// - Parameter limit: rows after which it ends; nil for all.
  package init(_ path: String, format: FlowFormat? = nil, limit: Int? = nil) throws(RecordingError) {
    self.path = path
    self.limit = limit ?? .max
    lines = try LineReader(path)
    let first = try lines.next()
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let format = format ?? FlowFormat.guess(firstLine: first ?? [], name: name) else {
      throw .wrongFormat(path, "cannot tell the format; give --format lobster or --format commands")
    }
    self.format = format
    let isHeader = format == .commands && first?.first == UInt8(ascii: "s")
    if isHeader { line = 1 } else { pending = first }
  }

  /// The next row; nil at the end. Empty lines are passed over.
  package func next() throws(RecordingError) -> FlowRow? {
    guard rows < limit else { return nil }
    while let text = try nextLine() {
      line += 1
      guard !text.isEmpty else { continue }
      rows += 1
      do {
        switch format {
        case .lobster: return try LobsterRow.parse(text, number: rows)
        case .commands: return try CommandsRow.parse(text, number: rows)
        }
      } catch {
        throw .malformed(path, line: line, error.what)
      }
    }
    return nil
  }

  private func nextLine() throws(RecordingError) -> ArraySlice<UInt8>? {
    if let first = pending.take() { return first }
    return try lines.next()
  }

  /// How many rows `next()` will return for a fresh reader of the same file: reads it once.
  package static func countRows(_ path: String, format: FlowFormat?, limit: Int?) throws(RecordingError) -> Int {
    let file = try FlowFile(path, format: format, limit: limit)
    var count = 0
    while count < file.limit, let line = try file.nextLine() { count += line.isEmpty ? 0 : 1 }
    return count
  }
}
