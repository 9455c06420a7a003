internal import CZlib
internal import Glibc

/// The bytes of a file, plain or gzip, read chunk by chunk.
package final class GzipReader {
  /// Bytes read at a time.
  static let chunkSize = 64 * 1024

  /// Where the bytes come from.
  package let path: String
  private let file: gzFile

  /// Opens the file.
  package init(_ path: String) throws(RecordingError) {
    guard let file = gzopen(path, "rb") else { throw .unreadable(path, String(cString: strerror(errno))) }
    self.path = path
    self.file = file
  }

  deinit { gzclose(file) }

  /// Appends the next bytes to `buffer`; false at the end of the file.
  /// - Throws: when the file cannot be read or its compression is damaged or cut off.
  package func read(into buffer: inout [UInt8]) throws(RecordingError) -> Bool {
    let held = buffer.count
    buffer.append(contentsOf: repeatElement(0, count: GzipReader.chunkSize))
    let count = buffer.withUnsafeMutableBytes { bytes in
      gzread(file, bytes.baseAddress! + held, UInt32(GzipReader.chunkSize))
    }
    buffer.removeLast(GzipReader.chunkSize - Int(max(0, count)))
    var status: Int32 = Z_OK
    let message = gzerror(file, &status)
    guard count >= 0, status == Z_OK || status == Z_STREAM_END else {
      let reason = status == Z_ERRNO ? String(cString: strerror(errno)) : message.map { String(cString: $0) }
      throw .unreadable(path, reason ?? "damaged")
    }
    return count > 0
  }
}
