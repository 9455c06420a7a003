package import Recordings

/// A converted stream, read row by row.
package final class StreamFile {
  private let lines: LineReader

  /// Opens a stream and checks its first line.
  package init(_ path: String) throws(RecordingError) {
    lines = try LineReader(path)
    guard let header = try lines.next(), header.elementsEqual(StreamRow.header.utf8) else {
      throw .wrongFormat(path, "not a stream of commands: the first line must be \(StreamRow.header)")
    }
  }

  /// The next row; nil at the end.
  package func next() throws(RecordingError) -> StreamRow? {
    guard let line = try lines.next() else { return nil }
    do {
      return try StreamRow(line)
    } catch {
      throw lines.fault(error.what)
    }
  }
}

/// The snapshots of ten levels a side that may lie beside a stream, read one by one.
package final class DepthFile {
  /// Levels of each side in a snapshot.
  package static let levels = 10

  private let lines: LineReader

  /// Opens the snapshots and checks their first line.
  package init(_ path: String) throws(RecordingError) {
    lines = try LineReader(path)
    guard let header = try lines.next(), header.starts(with: "seq,row,truth_levels,bid1_px,".utf8) else {
      throw .wrongFormat(
        path, "not a file of depth snapshots: the first line must begin with seq,row,truth_levels,bid1_px")
    }
  }

  /// The next snapshot; nil at the end.
  package func next() throws(RecordingError) -> DepthRow? {
    guard let line = try lines.next() else { return nil }
    do {
      return try DepthRow(line)
    } catch {
      throw lines.fault(error.what)
    }
  }
}
