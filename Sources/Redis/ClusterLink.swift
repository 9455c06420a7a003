internal import Glibc
internal import Lifecycle

/// A cluster: one connection a node, made when needed; commands go where their keys are, and are sent on when a node
/// says that they are elsewhere.
final class ClusterLink: RedisLink {
  private let settings: RedisSettings
  private let seeds: [RedisEndpoint]
  private var nodes: [RedisEndpoint: ServerLink] = [:]
  private var map: SlotMap?
  /// Whether the map may be out of date.
  private var doubtsMap = false
  private var nextPoll: Int64 = 0
  /// Which node is asked first for the next map: another one each time, as one may be cut off from the others.
  private var turn = 0
  private var rest: ReconnectBackoff
  /// Connections to nodes that are no more.
  private var retired = 0

  init(_ settings: RedisSettings, seeds: [RedisEndpoint]) {
    self.settings = settings
    self.seeds = seeds
    rest = ReconnectBackoff(settings.backoff)
  }

  var generation: Int { nodes.values.reduce(retired) { $0 + $1.generation } }

  var restRemaining: Duration {
    let own = map == nil ? rest.remaining(now: HostClock.monotonicNanoseconds()) : 0
    return nodes.values.reduce(.nanoseconds(own)) { max($0, $1.restRemaining) }
  }

  func disconnect() { for node in nodes.values { node.disconnect() } }

  func identity(for key: String) throws(RedisError) -> RedisConnectionIdentity {
    let deadline = deadline(after: settings.commandTimeout)
    let owner = try owner(of: key, deadline: deadline)
    do throws(RedisError) {
      return try node(owner).identity(for: key)
    } catch {
      doubtsMap = true
      let successor = try self.owner(of: key, deadline: deadline)
      guard successor != owner else { throw error }
      return try node(successor).identity(for: key)
    }
  }

  private func owner(of key: String, deadline: Int64) throws(RedisError) -> RedisEndpoint {
    let map = try lookUp(deadline: deadline)
    guard let owner = map.owner(of: KeySlot.of(key)) else {
      doubtsMap = true
      throw .unavailable(reason: "no node of the cluster serves the slot")
    }
    return map.nodes[owner]
  }

  func exchange(
    _ commands: [RedisCommand], blocking: Duration, repeatable: Bool
  ) throws(RedisError) -> [RedisValue] {
    let deadline = deadline(after: settings.commandTimeout + blocking)
    var pipeline = ClusterPipeline(commands.map(\.slot))
    while true {
      let shares = pipeline.takeShares(try lookUp(deadline: deadline))
      let connected = shares.filter { node($0.node).isConnected }
      deliver(connected, of: commands, to: &pipeline, deadline: deadline, repeatable: repeatable)
      // Nodes that must be connected to come last: who cannot be reached keeps nobody waiting.
      let others = shares.filter { share in !connected.contains { $0.node == share.node } }
      deliver(others, of: commands, to: &pipeline, deadline: deadline, repeatable: repeatable)
      doubtsMap = doubtsMap || pipeline.doubtsMap
      if !pipeline.isDone, isOver(deadline, after: pipeline.wantsPause) { pipeline.giveUp() }
      if pipeline.isDone { return try pipeline.result() }
    }
  }

  /// Whether there is no time for another round; pauses before it when one is due, and then wants as much time again for
  /// its replies: a cluster's last word says more than that its next one did not come.
  private func isOver(_ deadline: Int64, after isPauseDue: Bool) -> Bool {
    let pause = isPauseDue ? settings.clusterPause.wholeNanoseconds : 0
    guard HostClock.monotonicNanoseconds() + 2 * pause < deadline else { return true }
    if pause > 0 { usleep(UInt32(pause / 1000)) }
    return false
  }

  /// Sends all shares before the replies to any are waited for.
  private func deliver(
    _ shares: [ClusterPipeline.Share], of commands: [RedisCommand], to pipeline: inout ClusterPipeline,
    deadline: Int64, repeatable: Bool
  ) {
    var sent: [(share: ClusterPipeline.Share, reused: Bool)] = []
    for (position, share) in shares.enumerated() {
      let node = node(share.node)
      let reused = node.isConnected
      do throws(RedisError) {
        guard HostClock.monotonicNanoseconds() < deadline else {
          throw .unavailable(reason: "\(share.node): no time was left to send")
        }
        try node.connect(deadline: Self.share(of: deadline, among: shares.count - position + 1))
        let own =
          share.isAsking ? share.commands.flatMap { [.asking, commands[$0]] } : share.commands.map { commands[$0] }
        try node.send(own, deadline: deadline)
        sent.append((share, reused))
      } catch {
        pipeline.fail(share, error, repeats: reused && repeatable)
      }
    }
    for (share, reused) in sent {
      do throws(RedisError) {
        let count = share.commands.count * (share.isAsking ? 2 : 1)
        var replies = try node(share.node).receive(count, deadline: deadline)
        if share.isAsking { replies = replies.indices.filter { $0 % 2 == 1 }.map { replies[$0] } }
        pipeline.take(replies, to: share, map: &map!)
      } catch {
        pipeline.fail(share, error, repeats: reused && repeatable)
      }
    }
  }

  // MARK: Who serves what

  /// The map; a new one when there is none, or when it is doubted and the last look is a while ago.
  private func lookUp(deadline: Int64) throws(RedisError) -> SlotMap {
    let now = HostClock.monotonicNanoseconds()
    if let map, !doubtsMap || now < nextPoll { return map }
    if map == nil { try rest.check(now: now) }
    nextPoll = now + settings.clusterPause.wholeNanoseconds
    do throws(RedisError) {
      let fresh = try askForMap(deadline: deadline)
      map = fresh
      doubtsMap = false
      rest.served()
      forgetNodes(except: fresh)
      return fresh
    } catch {
      if let map { return map }
      rest.failed(error, now: HostClock.monotonicNanoseconds(), random: .random(in: .min ... .max))
      throw error
    }
  }

  private func askForMap(deadline: Int64) throws(RedisError) -> SlotMap {
    let known = (map?.nodes ?? []) + seeds.filter { map?.nodes.contains($0) != true }
    turn += 1
    var failures: [String] = []
    for step in known.indices {
      let endpoint = known[(step + turn) % known.count]
      do throws(RedisError) {
        return try askForMap(endpoint, deadline: Self.share(of: deadline, among: known.count - step))
      } catch {
        if map == nil, case .refused(let refusal) = error, !refusal.isPassing { throw error }
        failures.append("\(error)")
      }
    }
    throw .unavailable(reason: "no node of the cluster answers: \(failures.joined(separator: "; "))")
  }

  private func askForMap(_ endpoint: RedisEndpoint, deadline: Int64) throws(RedisError) -> SlotMap {
    let node = node(endpoint)
    try node.connect(deadline: deadline)
    try node.send([RedisCommand("CLUSTER", "SLOTS")], deadline: deadline)
    let reply = try node.receive(1, deadline: deadline)[0].accepted()
    guard let map = SlotMap(reply, from: endpoint), !map.masters.isEmpty else {
      throw .unavailable(reason: "\(endpoint) knows of no node that serves a slot")
    }
    return map
  }

  private func node(_ endpoint: RedisEndpoint) -> ServerLink {
    if let known = nodes[endpoint] { return known }
    let node = ServerLink(settings, .endpoint(endpoint))
    nodes[endpoint] = node
    return node
  }

  private func forgetNodes(except map: SlotMap) {
    for (endpoint, node) in nodes where !map.nodes.contains(endpoint) {
      retired += node.generation
      nodes[endpoint] = nil
    }
  }

  private func deadline(after span: Duration) -> Int64 { HostClock.monotonicNanoseconds() + span.wholeNanoseconds }

  /// The deadline of one of several steps that share what is left until `deadline`.
  private static func share(of deadline: Int64, among steps: Int) -> Int64 {
    let now = HostClock.monotonicNanoseconds()
    return now + max(0, deadline - now) / Int64(steps)
  }
}

extension RedisCommand {
  fileprivate static let asking = RedisCommand("ASKING")
}
