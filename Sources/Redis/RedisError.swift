/// Why a call to Redis failed: one case for each thing that a caller can do about it.
public enum RedisError: Error, Hashable, Sendable {
  /// There is no connection and none could be made; nothing was sent. Try again after a while.
  case unavailable(reason: String)
  /// The connection broke under the call: each command was executed once or not at all.
  case connectionLost(reason: String)
  /// No answer came in time: each command was or will be executed once or not at all. The connection was given up.
  case timedOut(reason: String)
  /// The server refused the command.
  case refused(RedisRefusal)
  /// The answer could not be understood. The connection was given up.
  case malformedReply(reason: String)

  /// Whether the same call may succeed later without a change.
  public var isRetriable: Bool {
    switch self {
    case .unavailable, .connectionLost, .timedOut: return true
    case .refused(let refusal): return refusal.isPassing
    case .malformedReply: return false
    }
  }
}

extension RedisError: CustomStringConvertible {
  /// One line for a log; names no password and no argument of a command, but the server's own words.
  public var description: String {
    switch self {
    case .unavailable(let reason): return "Redis is unavailable: \(reason)"
    case .connectionLost(let reason): return "the connection to Redis was lost: \(reason)"
    case .timedOut(let reason): return "Redis did not answer in time: \(reason)"
    case .refused(let refusal): return "Redis refused: \(refusal)"
    case .malformedReply(let reason): return "Redis sent a reply that is not understood: \(reason)"
    }
  }
}

/// An error reply: a code word in capitals and a sentence.
public struct RedisRefusal: Hashable, Sendable, CustomStringConvertible {
  /// The first word: `ERR`, `NOSCRIPT`, `OOM`, `READONLY`, `MOVED`, `LOADING`, `WRONGTYPE` …
  public let code: String
  /// The rest.
  public let message: String

  /// Makes a refusal from the text of an error reply.
  public init(reply: String) {
    let end = reply.firstIndex(of: " ") ?? reply.endIndex
    code = String(reply[..<end])
    message = String(reply[end...].drop { $0 == " " })
  }

  /// The reply's text.
  public var description: String { message.isEmpty ? code : "\(code) \(message)" }

  /// Whether the server's state may change so that the same command is taken later: it is full, loading, failing over …
  public var isPassing: Bool {
    switch code {
    case "OOM", "LOADING", "BUSY", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MISCONF", "NOREPLICAS",
      "MOVED", "ASK":
      return true
    default: return false
    }
  }

  /// Whether this server is not the one to talk to any more, so that the address should be looked up again.
  var callsForReconnect: Bool { code == "READONLY" || code == "MASTERDOWN" }
}
