/// What a cluster's reply asks its client to do.
enum ClusterRedirect: Equatable {
  /// Nothing: the command was executed, or refused for good.
  case none
  /// The slot has another owner, from now on: send the command there.
  case moved(slot: Int, RedisEndpoint)
  /// The key may be at another node already, as its slot is on the way there: send this command there, after `ASKING`.
  case ask(RedisEndpoint)
  /// The cluster is in motion: send the command again a little later, after a look at who serves what.
  case later

  /// Reads a reply.
  /// - Parameter node: The node that gave it.
  init(_ reply: RedisValue, from node: RedisEndpoint) {
    guard case .refusal(let refusal) = reply else {
      self = .none
      return
    }
    switch refusal.code {
    case "MOVED": self = Self.target(refusal, node).map { .moved(slot: $0.slot, $0.endpoint) } ?? .none
    case "ASK": self = Self.target(refusal, node).map { .ask($0.endpoint) } ?? .none
    case "TRYAGAIN", "CLUSTERDOWN", "READONLY", "MASTERDOWN": self = .later
    default: self = .none
    }
  }

  /// Reads `3999 127.0.0.1:6381`; the host may be an IPv6 address without brackets, or empty.
  private static func target(_ refusal: RedisRefusal, _ node: RedisEndpoint) -> (slot: Int, endpoint: RedisEndpoint)? {
    let words = refusal.message.split(separator: " ")
    guard words.count == 2, let slot = Int(words[0]), (0..<KeySlot.count).contains(slot),
      let colon = words[1].lastIndex(of: ":"), let port = Int(words[1][words[1].index(after: colon)...])
    else { return nil }
    return (slot, .tcp(host: node.host(orKnownAs: String(words[1][..<colon])), port: port))
  }
}
