internal import JSON
internal import Market
internal import MessagePack

/// What a client of the data stream says.
enum StreamRequest: Hashable {
  case authenticate(key: String, secret: String)
  /// Subscriptions to add; whether some that it named beside them do not exist.
  case subscribe(StreamSubscriptions, hasUnknown: Bool = false)
  case unsubscribe(StreamSubscriptions)
  /// It cannot be read.
  case malformed
  /// A channel that does not exist, or not for all symbols at once.
  case unknownChannel

  /// Reads a message in the client's format.
  init(_ bytes: [UInt8], _ format: StreamFormat) {
    switch format {
    case .json:
      guard let root = try? JSONDocument(bytes).root, root.kind == .object else {
        self = .malformed
        return
      }
      self.init(action: root["action"]?.string, text: { root[$0]?.string }) { name in
        guard let value = root[name], !value.isNull else { return .absent }
        guard let elements = value.array else { return .malformed }
        let texts = elements.compactMap(\.string)
        return texts.count == elements.count ? .texts(texts) : .malformed
      }
    case .messagePack:
      guard let root = MessagePackValue(bytes), case .map = root else {
        self = .malformed
        return
      }
      self.init(action: root["action"]?.string, text: { root[$0]?.string }) { name in
        guard let value = root[name], value != .null else { return .absent }
        guard let elements = value.array else { return .malformed }
        let texts = elements.compactMap(\.string)
        return texts.count == elements.count ? .texts(texts) : .malformed
      }
    }
  }

  private enum List {
    case absent
    case malformed
    case texts([String])
  }

  /// How many symbols it names.
  var symbolCount: Int {
    switch self {
    case .subscribe(let named, _), .unsubscribe(let named): named.values.reduce(0) { $0 + $1.count }
    case .authenticate, .malformed, .unknownChannel: 0
    }
  }

  /// A subscription without the symbols that do not exist; anything else as it is.
  func without(_ unknown: Set<String>) -> StreamRequest {
    guard case .subscribe(let wanted, let hasUnknown) = self, !unknown.isEmpty else { return self }
    return .subscribe(wanted.mapValues { $0.subtracting(unknown) }, hasUnknown: hasUnknown || !unknown.isEmpty)
  }

  private init(action: String?, text: (String) -> String?, list: (String) -> List) {
    switch action {
    case "auth":
      guard let key = text("key"), let secret = text("secret") else {
        self = .malformed
        return
      }
      self = .authenticate(key: key, secret: secret)
    case "subscribe", "unsubscribe":
      var wanted: StreamSubscriptions = [:]
      var hasUnknown = false
      for channel in StreamChannel.allCases {
        switch list(channel.rawValue) {
        case .absent: continue
        case .malformed:
          self = .malformed
          return
        case .texts(let symbols):
          guard channel.allowsWildcard || !symbols.contains("*") else {
            self = .unknownChannel
            return
          }
          // What has not the form of a symbol is nobody's. Symbols are ASCII: equal names are equal bytes from here on.
          let named = symbols.filter { $0 == "*" && $0.utf8.count == 1 || Symbol($0) != nil }
          hasUnknown = hasUnknown || named.count < symbols.count
          wanted[channel] = Set(named)
        }
      }
      guard !wanted.isEmpty else {
        self = .unknownChannel
        return
      }
      self = action == "subscribe" ? .subscribe(wanted, hasUnknown: hasUnknown) : .unsubscribe(wanted)
    default: self = .malformed
    }
  }
}
