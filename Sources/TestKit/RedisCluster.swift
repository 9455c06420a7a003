internal import Glibc
internal import Lifecycle
public import Redis

/// A Redis Cluster of a test's own, on free ports of 127.0.0.1. Its nodes know each other from the start; it is ready in
/// some 2.5 s, which a master waits before it takes writes.
public final class RedisCluster: Sendable {
  /// The masters, with equal parts of the slots in the beginning.
  public let masters: [RedisServer]
  /// The replicas; the first follows the first master, and so on.
  public let replicas: [RedisServer]
  private let clients: [Int: RedisClient]

  /// Starts all nodes and waits until every one says that the cluster is well.
  /// - Parameters:
  ///   - masters: How many masters there are.
  ///   - replicas: How many replicas there are; at most as many as masters.
  ///   - nodeTimeout: How long a node is silent before the others call it down.
  ///   - options: More options of every node.
  public init(
    masters: Int = 3, replicas: Int = 0, nodeTimeout: Duration = .seconds(2), options: [String] = []
  ) async throws {
    let busPorts = (0..<masters + replicas).map { _ in FreePort.choose() }
    let milliseconds =
      nodeTimeout.components.seconds * 1000 + nodeTimeout.components.attoseconds / 1_000_000_000_000_000
    let nodes = try busPorts.map { bus in
      try RedisServer(
        port: Int(FreePort.choose()),
        options: [
          "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-port", "\(bus)",
          "--cluster-node-timeout", "\(milliseconds)", "--cluster-replica-validity-factor", "0",
          "--repl-diskless-sync-delay", "0",
        ] + options)
    }
    self.masters = Array(nodes[..<masters])
    self.replicas = Array(nodes[masters...])
    clients = Dictionary(
      uniqueKeysWithValues: nodes.map { node in
        (node.port!, RedisClient(RedisSettings(address: node.tcpAddress, name: "operator")))
      })
    for (index, node) in nodes.enumerated() {
      try writeFile("\(node.directory)/nodes.conf", knowledge(of: index, nodes, busPorts))
      try node.start()
    }
    for node in nodes { try await untilWell(node) }
    for replica in self.replicas {
      try await wait("a replica follows") { try await information(of: replica).contains("master_link_status:up") }
    }
  }

  /// The address by the first and the second node.
  public var address: RedisAddress { RedisAddress(.cluster(seeds: masters.prefix(2).map(\.tcpEndpoint))) }

  /// The address as a URL.
  public var url: String { address.description }

  /// Sends a command to a node itself.
  @discardableResult
  public func send(_ command: RedisCommand, to node: RedisServer) async throws -> RedisValue {
    try await clients[node.port!]!.send(command)
  }

  /// Empties all masters.
  public func flush() async throws {
    for node in masters { try await send(RedisCommand("FLUSHALL"), to: node) }
  }

  /// Waits until a node says that the cluster is well.
  public func untilWell(_ node: RedisServer) async throws {
    try await wait("the cluster is well") {
      (try? await send(RedisCommand("CLUSTER", "INFO"), to: node))?.text?.contains("cluster_state:ok") == true
    }
  }

  /// Waits until a replica has been promoted.
  public func untilPromoted(_ replica: RedisServer) async throws {
    try await wait("a replica is promoted") { try await information(of: replica).contains("role:master") }
  }

  /// The slot of a key.
  public func slot(of key: String) async throws -> Int {
    Int(try await send(RedisCommand("CLUSTER", "KEYSLOT", key), to: masters[0]).integer!)
  }

  /// The master that serves a slot, by the word of the first node.
  public func owner(of slot: Int) async throws -> RedisServer {
    let ranges = try await send(RedisCommand("CLUSTER", "SLOTS"), to: masters[0]).array ?? []
    let range = ranges.first { Int($0.array![0].integer!)...Int($0.array![1].integer!) ~= slot }
    let port = range?.array?[2].array?[1].integer
    return (masters + replicas).first { $0.port == port.map(Int.init) }!
  }

  /// Begins to move a slot: from now on `source` sends who asks for a key that it does not have to `target`.
  public func beginMove(of slot: Int, from source: RedisServer, to target: RedisServer) async throws {
    try await send(setSlot(slot, "IMPORTING", name(of: source)), to: target)
    try await send(setSlot(slot, "MIGRATING", name(of: target)), to: source)
  }

  /// Moves the keys that the slot has now.
  public func moveKeys(of slot: Int, from source: RedisServer, to target: RedisServer) async throws {
    let keys = try await send(RedisCommand("CLUSTER", "GETKEYSINSLOT", "\(slot)", "1000"), to: source).array ?? []
    for key in keys.compactMap(\.text) {
      try await send(RedisCommand("MIGRATE", "127.0.0.1", "\(target.port!)", key, "0", "5000"), to: source)
    }
  }

  /// Ends the move of a slot.
  public func endMove(of slot: Int, to target: RedisServer) async throws {
    for node in [target] + masters.filter({ $0 !== target }) {
      try await send(setSlot(slot, "NODE", name(of: target)), to: node)
    }
  }

  private func setSlot(_ slot: Int, _ what: String, _ node: String) -> RedisCommand {
    RedisCommand("CLUSTER", "SETSLOT", "\(slot)", what, node)
  }

  private func name(of node: RedisServer) -> String {
    nodeName((masters + replicas).firstIndex { $0 === node }!)
  }

  private func information(of node: RedisServer) async throws -> String {
    try await send(RedisCommand("INFO", "replication"), to: node).text ?? ""
  }

  /// The file in which a node keeps what it knows of the cluster.
  private func knowledge(of index: Int, _ nodes: [RedisServer], _ busPorts: [UInt16]) -> String {
    let share = 16_384 / masters.count
    let lines = nodes.indices.map { other in
      let isMaster = other < masters.count
      let flags = (other == index ? "myself," : "") + (isMaster ? "master" : "slave")
      let slots = isMaster ? " \(other * share)-\(other == masters.count - 1 ? 16_383 : (other + 1) * share - 1)" : ""
      return "\(nodeName(other)) 127.0.0.1:\(nodes[other].port!)@\(busPorts[other]) \(flags) "
        + "\(isMaster ? "-" : nodeName(other - masters.count)) 0 0 \(other + 1) connected\(slots)\n"
    }
    return lines.joined() + "vars currentEpoch \(nodes.count) lastVoteEpoch 0\n"
  }
}
