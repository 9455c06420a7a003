/// Which node of a cluster serves which slot, as far as is known.
struct SlotMap: Equatable {
  /// All nodes that were named: masters and replicas.
  private(set) var nodes: [RedisEndpoint] = []
  /// By slot, the index of its master among ``nodes``; -1 when nobody is known to serve it.
  private var owners = [Int16](repeating: -1, count: KeySlot.count)

  /// Reads a reply of `CLUSTER SLOTS`; nil when it is no such reply.
  /// - Parameter asked: The node that gave it, for nodes that do not know their own host's name.
  init?(_ reply: RedisValue, from asked: RedisEndpoint) {
    guard let ranges = reply.array else { return nil }
    for range in ranges {
      guard let parts = range.array, parts.count >= 3, let first = parts[0].integer, let last = parts[1].integer,
        first >= 0, first <= last, last < KeySlot.count
      else { return nil }
      for (position, node) in parts[2...].enumerated() {
        guard let words = node.array, words.count >= 2, let port = words[1].integer.flatMap({ Int(exactly: $0) }) else {
          return nil
        }
        let index = index(of: .tcp(host: asked.host(orKnownAs: words[0].text), port: port))
        if position == 0 { for slot in first...last { assign(Int(slot), to: index) } }
      }
    }
  }

  /// The indices among ``nodes`` of those that serve slots.
  private(set) var masters: [Int] = []

  /// The index among ``nodes`` of the node that serves a slot; nil when nobody is known to.
  func owner(of slot: Int) -> Int? { owners[slot] < 0 ? nil : Int(owners[slot]) }

  /// Notes that a slot has moved.
  mutating func assign(_ slot: Int, to endpoint: RedisEndpoint) { assign(slot, to: index(of: endpoint)) }

  private mutating func assign(_ slot: Int, to index: Int) {
    owners[slot] = Int16(index)
    if !masters.contains(index) { masters.append(index) }
  }

  private mutating func index(of endpoint: RedisEndpoint) -> Int {
    if let known = nodes.firstIndex(of: endpoint) { return known }
    nodes.append(endpoint)
    return nodes.count - 1
  }
}

extension RedisEndpoint {
  /// The host that a node goes by: an empty or unknown name stands for that of the node that was asked.
  func host(orKnownAs name: String?) -> String {
    if let name, !name.isEmpty, name != "?" { return name }
    switch self {
    case .tcp(let host, _): return host
    case .unix(let path): return path
    }
  }
}
