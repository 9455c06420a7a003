internal import HTTP
internal import JSON

/// What is said on a WebSocket of trade updates, apart from whom it is said to: a message in, what to do out.
struct TradeSocketProtocol: Sendable {
  /// The only stream there is.
  static let tradeUpdates = "trade_updates"

  /// What a client's message asks for.
  enum Step: Equatable, Sendable {
    /// Look whether the pair is right, then call ``TradeSocketProtocol/authenticated(_:)``.
    case authenticate(keyID: String, secret: String)
    /// Begin to send events (again, if it has begun), then say ``TradeSocketProtocol/listening(_:)``.
    case listen
    /// Send no more events; say so.
    case stop
    /// Say this.
    case answer(HTTPStreamChunk)
    /// Nothing that is understood: nothing to do.
    case ignore
  }

  private(set) var isAuthenticated = false

  /// Decides about a message, which may be text or binary: it is JSON both ways.
  mutating func receive(_ bytes: [UInt8]) -> Step {
    guard let root = try? JSONDocument(bytes, maximumDepth: 8).root, let action = root["action"]?.string else {
      return .ignore
    }
    switch action {
    case "authenticate": return authenticate(root["data"]?["key_id"], root["data"]?["secret_key"])
    case "auth": return authenticate(root["key"], root["secret"])
    case "listen":
      guard isAuthenticated else { return .answer(Self.authorization("unauthorized", action: "listen")) }
      let names = root["data"]?["streams"]?.array?.compactMap(\.string) ?? []
      return names.contains(Self.tradeUpdates) ? .listen : .stop
    default: return .ignore
    }
  }

  /// Takes note of who the client is and returns what to say.
  mutating func authenticated(_ isRight: Bool) -> HTTPStreamChunk {
    isAuthenticated = isRight
    return Self.authorization(isRight ? "authorized" : "unauthorized", action: "authenticate")
  }

  private func authenticate(_ keyID: JSONValue?, _ secret: JSONValue?) -> Step {
    // Some clients say it twice.
    guard !isAuthenticated else { return .answer(Self.authorization("authorized", action: "authenticate")) }
    return .authenticate(keyID: keyID?.string ?? "", secret: secret?.string ?? "")
  }

  /// The answer to `listen`.
  static func listening(_ isOn: Bool) -> HTTPStreamChunk {
    .text(Array("{\"stream\":\"listening\",\"data\":{\"streams\":[\(isOn ? "\"\(tradeUpdates)\"" : "")]}}".utf8))
  }

  /// An event, written already.
  static func tradeUpdate(_ event: [UInt8]) -> HTTPStreamChunk {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(event.count + 48)
    bytes += "{\"stream\":\"\(tradeUpdates)\",\"data\":".utf8
    bytes += event
    bytes.append(UInt8(ascii: "}"))
    return .text(bytes)
  }

  private static func authorization(_ status: StaticString, action: StaticString) -> HTTPStreamChunk {
    .text(
      Array("{\"stream\":\"authorization\",\"data\":{\"status\":\"\(status)\",\"action\":\"\(action)\"}}".utf8))
  }
}
