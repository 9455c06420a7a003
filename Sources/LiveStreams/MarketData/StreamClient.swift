internal import HTTP

/// Somebody who follows market data.
protocol StreamClient: AnyObject, Sendable {
  /// How it reads messages.
  var format: StreamFormat { get }
  /// Takes a message, which has been made for all clients of the format; must not block.
  func take(_ elements: [StreamElement], _ chunk: HTTPStreamChunk)
  /// All that happens in these subscriptions from now on will come; called before any of it does. Must not block.
  func confirm(_ subscriptions: StreamSubscriptions)
}

/// Who follows what.
struct SubscriptionTable {
  private var clients: [ObjectIdentifier: (client: any StreamClient, subscriptions: StreamSubscriptions)] = [:]
  private var followers: [StreamChannel: [String: Set<ObjectIdentifier>]] = [:]

  /// Whether nobody is there.
  var isEmpty: Bool { clients.isEmpty }

  /// What a client follows.
  func subscriptions(of client: any StreamClient) -> StreamSubscriptions {
    clients[ObjectIdentifier(client)]?.subscriptions ?? [:]
  }

  /// Replaces a client's subscriptions; nil lets it go. Costs what changes.
  mutating func set(_ subscriptions: StreamSubscriptions?, of client: any StreamClient) {
    let name = ObjectIdentifier(client)
    let before = clients[name]?.subscriptions ?? [:]
    let after = subscriptions ?? [:]
    clients[name] = subscriptions.map { (client, $0) }
    for (channel, symbols) in before {
      for symbol in symbols where after[channel]?.contains(symbol) != true {
        followers[channel]?[symbol]?.remove(name)
        if followers[channel]?[symbol]?.isEmpty == true { followers[channel]?[symbol] = nil }
      }
    }
    for (channel, symbols) in after {
      for symbol in symbols where before[channel]?.contains(symbol) != true {
        followers[channel, default: [:]][symbol, default: []].insert(name)
      }
    }
  }

  /// The symbols that somebody follows in any of the channels; nil for all.
  func symbols(in channels: StreamChannel...) -> Set<String>? {
    var symbols: Set<String> = []
    for channel in channels { symbols.formUnion((followers[channel] ?? [:]).keys) }
    return symbols.contains("*") ? nil : symbols
  }

  /// Whether anybody follows a symbol in a channel.
  func follows(_ channel: StreamChannel, _ symbol: String) -> Bool {
    followers[channel]?[symbol] != nil || followers[channel]?["*"] != nil
  }

  /// Whether anybody has named a symbol in a channel.
  func names(_ channel: StreamChannel, _ symbol: String) -> Bool { followers[channel]?[symbol] != nil }

  /// Sends a message to everybody who follows a symbol in a channel; made once for each format.
  func send(
    _ elements: [StreamElement], _ channel: StreamChannel, _ symbol: String, except others: [any StreamClient] = []
  ) {
    guard !elements.isEmpty, let bySymbol = followers[channel] else { return }
    var names = bySymbol[symbol] ?? []
    if let all = bySymbol["*"] { names.formUnion(all) }
    for other in others { names.remove(ObjectIdentifier(other)) }
    send(elements, to: names.compactMap { clients[$0]?.client })
  }

  /// Sends a message to some clients.
  func send(_ elements: [StreamElement], to clients: [any StreamClient]) {
    var chunks: [StreamFormat: HTTPStreamChunk] = [:]
    for client in clients {
      let chunk = chunks[client.format] ?? client.format.message(elements)
      chunks[client.format] = chunk
      client.take(elements, chunk)
    }
  }
}
