/// Why a recording cannot be used.
package enum RecordingError: Error, Equatable, CustomStringConvertible {
  /// The file cannot be opened or read, or is damaged: path and reason.
  case unreadable(String, String)
  /// The file holds something else: path and what was expected.
  case wrongFormat(String, String)
  /// A row is not of its format: path, 1-based line, what is wrong.
  case malformed(String, line: Int, String)

  /// The failure in words.
  package var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .wrongFormat(let path, let expected): "\(path): \(expected)"
    case .malformed(let path, let line, let what): "\(path), line \(line): \(what)"
    }
  }
}
