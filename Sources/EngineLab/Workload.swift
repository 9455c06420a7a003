package import Recordings
package import Matching

/// Commands for the engine, batch by batch.
package protocol Workload {
  /// What it is called in a report.
  var name: String { get }
  /// Appends up to `limit` commands; none at the end.
  mutating func next(_ limit: Int, into commands: inout [BookCommand]) throws(RecordingError)
}

/// A converted stream of a venue's messages as a workload.
package struct StreamWorkload: Workload {
  package let name: String
  private let stream: StreamFile

  /// Opens the file.
  package init(_ path: String) throws(RecordingError) {
    name = path
    stream = try StreamFile(path)
  }

  package mutating func next(_ limit: Int, into commands: inout [BookCommand]) throws(RecordingError) {
    for _ in 0..<limit {
      guard let row = try stream.next() else { return }
      commands.append(row.command)
    }
  }
}
