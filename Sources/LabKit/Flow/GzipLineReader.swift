internal import CZlib
internal import Glibc

/// The lines of a text file, plain or gzip, in bounded memory.
package final class GzipLineReader {
  /// Bytes read at a time.
  static let chunkSize = 64 * 1024
  /// The longest line accepted.
  static let lineLimit = 1024 * 1024

  private let path: String
  private let file: gzFile
  private var buffer: [UInt8] = []
  private var position = 0
  private var isAtEnd = false

  /// Opens the file.
  package init(_ path: String) throws(FlowError) {
    guard let file = gzopen(path, "rb") else { throw .unreadable(path, String(cString: strerror(errno))) }
    self.path = path
    self.file = file
  }

  deinit { gzclose(file) }

  /// The next line without its end (LF or CR LF); nil at the end of the file.
  /// - Throws: when the file cannot be read, its compression is damaged or cut off, or a line is too long.
  package func next() throws(FlowError) -> ArraySlice<UInt8>? {
    var searched = position
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { position = end + 1 }
        return withoutReturn(buffer[position..<end])
      }
      searched = buffer.count
      if isAtEnd {
        defer { position = buffer.count }
        return position < buffer.count ? withoutReturn(buffer[position...]) : nil
      }
      guard buffer.count - position <= Self.lineLimit else { throw .unreadable(path, "a line is too long") }
      searched -= position
      try fill()
    }
  }

  private func withoutReturn(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    line.last == UInt8(ascii: "\r") ? line.dropLast() : line
  }

  private func fill() throws(FlowError) {
    buffer.removeFirst(position)
    position = 0
    let held = buffer.count
    buffer.append(contentsOf: repeatElement(0, count: Self.chunkSize))
    let count = buffer.withUnsafeMutableBytes { bytes in
      gzread(file, bytes.baseAddress! + held, UInt32(Self.chunkSize))
    }
    buffer.removeLast(Self.chunkSize - Int(max(0, count)))
    var status: Int32 = 0
    let message = gzerror(file, &status)
    guard count >= 0, status == Z_OK || status == Z_STREAM_END else {
      let reason = status == Z_ERRNO ? strerror(errno).map { String(cString: $0) } : message.map { String(cString: $0) }
      throw .unreadable(path, reason ?? "damaged")
    }
    isAtEnd = count == 0
  }
}
