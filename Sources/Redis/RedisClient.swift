internal import Lifecycle

/// A Redis deployment as one caller sees it, on a thread of its own: connections are made when needed and made again; a
/// fail-over is followed, and so is a slot that moves.
///
/// Calls are served in order; a call that blocks on the server delays those behind it, so blocking reads get a client of
/// their own.
public actor RedisClient {
  /// What the client was made with.
  public nonisolated let settings: RedisSettings
  private let executor: ThreadExecutor
  private let link: any RedisLink
  /// By script, which is kept: an identifier must not be used again.
  private var digests: [ObjectIdentifier: (script: RedisScript, digest: [UInt8])] = [:]

  /// The thread that the client's blocking calls run on.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// Makes a client; it connects at its first call.
  public init(_ settings: RedisSettings) {
    self.settings = settings
    executor = ThreadExecutor(name: "redis \(settings.name)")
    link =
      switch settings.address.deployment {
      case .server(let endpoint): ServerLink(settings, .endpoint(endpoint))
      case .sentinel(let sentinels): ServerLink(settings, .sentinel(SentinelFinder(sentinels)))
      case .cluster(let seeds): ClusterLink(settings, seeds: seeds)
      }
  }

  /// How many connections have been made; tells a caller that it talks over another one than before.
  public var generation: Int { link.generation }

  /// Sends commands in one go and returns their replies in order; refused ones as ``RedisValue/refusal(_:)``.
  ///
  /// In a cluster each command goes to the node of its first key; those for one node go in order.
  /// - Parameters:
  ///   - commands: Any number; all are in memory at once.
  ///   - blocking: How long the commands may wait on the server.
  ///   - repeatable: Whether a second execution is harmless: then a connection that turns out to be dead is replaced at
  ///     once and the commands are sent again, once.
  /// - Throws: ``RedisError`` when any reply is missing; commands for other nodes of a cluster have been sent all the same.
  public func send(
    _ commands: [RedisCommand], blocking: Duration = .zero, repeatable: Bool = true
  ) throws(RedisError) -> [RedisValue] {
    guard !commands.isEmpty else { return [] }
    return try link.exchange(commands, blocking: blocking, repeatable: repeatable)
  }

  /// Sends one command.
  /// - Throws: ``RedisError``, its refusal included.
  public func send(
    _ command: RedisCommand, blocking: Duration = .zero, repeatable: Bool = true
  ) throws(RedisError) -> RedisValue {
    try send([command], blocking: blocking, repeatable: repeatable)[0].accepted()
  }

  /// Runs scripts in one go and returns their replies in order; those that a server does not know are sent in full.
  /// - Throws: ``RedisError`` when any reply is missing or a script cannot be loaded.
  public func run(_ calls: [RedisScript.Call]) throws(RedisError) -> [RedisValue] {
    var commands: [RedisCommand] = []
    commands.reserveCapacity(calls.count)
    for call in calls {
      commands.append(call.command(digest: try digest(of: call.script)))
    }
    var replies = try send(commands)
    let forgotten = replies.indices.filter { replies[$0].isUnknownScript }
    guard !forgotten.isEmpty else { return replies }
    let again = try send(forgotten.map { calls[$0].commandWithSource })
    for (index, reply) in zip(forgotten, again) { replies[index] = reply }
    return replies
  }

  /// Which connection of which server run the commands of a key go over now; makes one when there is none. One that has
  /// died unnoticed is named until the next call that sends.
  /// - Throws: ``RedisError``.
  public func identity(for key: String) throws(RedisError) -> RedisConnectionIdentity { try link.identity(for: key) }

  /// How long the servers are left alone after failures; zero when the next call will try.
  public var restRemaining: Duration { link.restRemaining }

  /// Gives all connections up; the next call makes others.
  public func disconnect() { link.disconnect() }

  private func digest(of script: RedisScript) throws(RedisError) -> [UInt8] {
    if let known = digests[ObjectIdentifier(script)] { return known.digest }
    guard let digest = try send(RedisCommand("SCRIPT", "LOAD", script.source)).bytes else {
      throw .malformedReply(reason: "SCRIPT LOAD of \(script.name) gave no digest")
    }
    digests[ObjectIdentifier(script)] = (script, digest)
    return digest
  }
}

extension RedisValue {
  fileprivate var isUnknownScript: Bool {
    guard case .refusal(let refusal) = self else { return false }
    return refusal.code == "NOSCRIPT"
  }
}
