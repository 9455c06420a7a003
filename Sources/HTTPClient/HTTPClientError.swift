/// Why a call has no answer, by what a caller can do about it.
public enum HTTPClientError: Error, Hashable, Sendable {
  /// The call cannot be sent as it is: it has to be another one.
  case badCall(reason: String)
  /// Nothing listens there. Nothing was sent: the call may be repeated.
  case refused(reason: String)
  /// No connection came about in time. Nothing was sent: the call may be repeated.
  case unreachable(reason: String)
  /// The server could not prove who it is, and nothing was sent: an operator has to see to its certificate or to those trusted.
  case untrusted(reason: String)
  /// The call was sent, at least in part, and no whole answer came in time: it was carried out or not.
  case unanswered(reason: String)
  /// The answer is longer than what the client takes: the call was most likely carried out.
  case tooLong(limit: Int)

  /// Whether the server cannot have seen the whole call, so that repeating it does nothing twice.
  public var isRetriable: Bool {
    switch self {
    case .refused, .unreachable: return true
    case .badCall, .untrusted, .unanswered, .tooLong: return false
    }
  }
}

extension HTTPClientError: CustomStringConvertible {
  /// One line for a log; it names no part of the call.
  public var description: String {
    switch self {
    case .badCall(let reason): return "the call cannot be sent: \(reason)"
    case .refused(let reason): return "nobody listens: \(reason)"
    case .unreachable(let reason): return "no connection: \(reason)"
    case .untrusted(let reason): return "the server is not trusted: \(reason)"
    case .unanswered(let reason): return "no whole answer: \(reason)"
    case .tooLong(let limit): return "the answer is longer than \(limit) bytes"
    }
  }
}
