/// Why recorded order flow cannot be read.
package enum FlowError: Error, Equatable, CustomStringConvertible {
  /// The file cannot be opened or read, or is damaged: path and reason.
  case unreadable(String, String)
  /// Neither header nor name tell what the file holds: path.
  case unknownFormat(String)
  /// A row is not of its format: path, 1-based line, what is wrong.
  case malformed(String, line: Int, String)

  /// The failure in words.
  package var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .unknownFormat(let path): "\(path): cannot tell the format; give --format lobster or --format commands"
    case .malformed(let path, let line, let what): "\(path), line \(line): \(what)"
    }
  }
}
