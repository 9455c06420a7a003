/// The lines of a text file, plain or gzip, in bounded memory.
package final class LineReader {
  /// The longest line accepted, in bytes.
  static let lineLimit = 1024 * 1024

  private let reader: GzipReader
  private var buffer: [UInt8] = []
  private var position = 0
  private var isAtEnd = false
  /// The 1-based number of the line given last; 0 before the first.
  package private(set) var line = 0

  /// Opens the file.
  package init(_ path: String) throws(RecordingError) { reader = try GzipReader(path) }

  /// Where the lines come from.
  package var path: String { reader.path }

  /// The next line without its end (LF or CR LF); nil at the end of the file.
  /// - Throws: ``RecordingError/unreadable(_:_:)``, also for a line that is too long.
  package func next() throws(RecordingError) -> ArraySlice<UInt8>? {
    var searched = position
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { position = end + 1 }
        return give(buffer[position..<end])
      }
      if isAtEnd {
        defer { position = buffer.count }
        return position < buffer.count ? give(buffer[position...]) : nil
      }
      guard buffer.count - position <= LineReader.lineLimit else {
        throw .malformed(path, line: line + 1, "the line is too long")
      }
      searched = buffer.count - position
      buffer.removeFirst(position)
      position = 0
      isAtEnd = try !reader.read(into: &buffer)
    }
  }

  /// The fault of the line given last.
  package func fault(_ what: String) -> RecordingError { .malformed(path, line: line, what) }

  private func give(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    line += 1
    return text.last == UInt8(ascii: "\r") ? text.dropLast() : text
  }
}
