/// Why an operator's request was not carried out. Nothing of it is stored, unless the case says otherwise.
public enum AdministrationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The request contradicts what is stored, or itself; the text says how and what to do.
  case refused(String)
  /// The database is away, or too busy.
  case unavailable(String)
  /// The connection was lost at the commit, again and again: stored once or not at all.
  case outcomeUnknown
  /// The database refused a statement: a fault of the program.
  case fault(String)

  /// One line for the operator.
  public var description: String {
    switch self {
    case .refused(let text): text
    case .unavailable(let text): "the database cannot be used now: \(text)"
    case .outcomeUnknown: "the connection was lost at the commit; repeat the command with the same --reference"
    case .fault(let text): text
    }
  }
}
