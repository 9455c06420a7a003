internal import JSON
internal import MessagePack

/// What a client of the data stream says.
enum StreamRequest: Hashable {
  case authenticate(key: String, secret: String)
  case subscribe(StreamSubscriptions)
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
          wanted[channel] = Set(symbols)
        }
      }
      guard !wanted.isEmpty else {
        self = .unknownChannel
        return
      }
      self = action == "subscribe" ? .subscribe(wanted) : .unsubscribe(wanted)
    default: self = .malformed
    }
  }
}
