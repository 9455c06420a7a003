internal import Lifecycle

/// One server, a node of a cluster, or the master that sentinels name: a connection made when needed and made again.
final class ServerLink: RedisLink {
  /// How the server is found.
  enum Finder {
    case endpoint(RedisEndpoint)
    case sentinel(SentinelFinder)
  }

  private let settings: RedisSettings
  private let finder: Finder
  private var connection: RedisConnection?
  private var rest: ReconnectBackoff
  /// The `run_id` of the connection's server, once it was asked for.
  private var serverRun: String?
  private(set) var generation = 0

  init(_ settings: RedisSettings, _ finder: Finder) {
    self.settings = settings
    self.finder = finder
    rest = ReconnectBackoff(settings.backoff)
  }

  var isConnected: Bool { connection != nil }

  var restRemaining: Duration {
    isConnected ? .zero : .nanoseconds(rest.remaining(now: HostClock.monotonicNanoseconds()))
  }

  func disconnect() { connection = nil }

  /// A connection that turns out to be dead is replaced at once and repeatable commands are sent again, once.
  func exchange(
    _ commands: [RedisCommand], blocking: Duration, repeatable: Bool
  ) throws(RedisError) -> [RedisValue] {
    leaveFormerMaster()
    let reused = isConnected
    do throws(RedisError) {
      return try attempt(commands, blocking: blocking)
    } catch {
      guard case .connectionLost = error, reused, repeatable else { throw error }
      return try attempt(commands, blocking: blocking)
    }
  }

  func identity(for key: String) throws(RedisError) -> RedisConnectionIdentity {
    if !isConnected || serverRun == nil {
      let information = try exchange([RedisCommand("INFO", "server")], blocking: .zero, repeatable: true)[0].accepted()
      guard let run = runID(information.text ?? "") else { throw .malformedReply(reason: "INFO names no run_id") }
      serverRun = run
    }
    guard let serverRun, let client = connection?.clientID else {
      throw .connectionLost(reason: "the connection was given up")
    }
    return RedisConnectionIdentity(server: serverRun, client: client)
  }

  private func attempt(_ commands: [RedisCommand], blocking: Duration) throws(RedisError) -> [RedisValue] {
    try connect(deadline: .max)
    let deadline = HostClock.monotonicNanoseconds() + (settings.commandTimeout + blocking).wholeNanoseconds
    try send(commands, deadline: deadline)
    return try receive(commands.count, deadline: deadline)
  }

  // MARK: In two steps, so that several nodes can work at once

  /// Makes a connection if there is none.
  func connect(deadline: Int64) throws(RedisError) {
    guard connection == nil else { return }
    let now = HostClock.monotonicNanoseconds()
    try rest.check(now: now)
    do throws(RedisError) {
      connection = try found(deadline: min(deadline, now + settings.connectTimeout.wholeNanoseconds))
      serverRun = nil
      generation += 1
    } catch {
      rest.failed(error, now: HostClock.monotonicNanoseconds(), random: .random(in: .min ... .max))
      throw error
    }
  }

  /// Sends commands over the connection, which must be there.
  func send(_ commands: [RedisCommand], deadline: Int64) throws(RedisError) {
    do throws(RedisError) {
      try connection!.send(commands, deadline: deadline)
    } catch {
      giveUp()
      throw error
    }
  }

  /// Receives the replies to commands that were sent before.
  func receive(_ count: Int, deadline: Int64) throws(RedisError) -> [RedisValue] {
    guard connection != nil else { throw .connectionLost(reason: "the connection was given up") }
    let replies: [RedisValue]
    do throws(RedisError) {
      replies = try connection!.receive(count, deadline: deadline)
    } catch {
      giveUp()
      throw error
    }
    if let refusal = replies.lazy.compactMap(\.callForReconnect).first {
      connection = nil
      rest.turnedAway(
        .refused(refusal), now: HostClock.monotonicNanoseconds(), random: .random(in: .min ... .max))
    } else {
      rest.served()
    }
    return replies
  }

  private func giveUp() {
    connection = nil
    rest.end()
  }

  private func found(deadline: Int64) throws(RedisError) -> RedisConnection {
    switch finder {
    case .sentinel(let finder): return try finder.connect(settings, deadline: deadline)
    case .endpoint(let endpoint):
      var fresh = try RedisConnection(endpoint, settings, deadline: deadline)
      try fresh.logIn(
        settings.address.login, database: settings.address.database, name: settings.name, deadline: deadline)
      return fresh
    }
  }

  private func leaveFormerMaster() {
    guard case .sentinel(let finder) = finder, isConnected, finder.isMasterReplaced(settings) else { return }
    connection = nil
  }
}

extension RedisValue {
  fileprivate var callForReconnect: RedisRefusal? {
    guard case .refusal(let refusal) = self, refusal.callsForReconnect else { return nil }
    return refusal
  }
}
