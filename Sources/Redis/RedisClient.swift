internal import Lifecycle

/// A Redis server as one caller sees it: one connection on a thread of its own, made when needed and made again.
///
/// Calls are served in order; a call that blocks on the server delays those behind it, so blocking reads get a client of
/// their own.
public actor RedisClient {
  /// What the client was made with.
  public nonisolated let settings: RedisSettings
  private let executor: ThreadExecutor
  private var connection: RedisConnection?
  /// Of the connection's server, once it was asked for.
  private var serverRun: String?
  private var failures = 0
  private var lastFailure: RedisError?
  private var restUntil: Int64 = 0
  /// By script, which is kept: an identifier must not be used again.
  private var digests: [ObjectIdentifier: (script: RedisScript, digest: [UInt8])] = [:]
  /// How many connections have been made; tells a caller that it talks over another one than before.
  public private(set) var generation = 0

  /// The thread that the client's blocking calls run on.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// Makes a client; it connects at its first call.
  public init(_ settings: RedisSettings) {
    self.settings = settings
    executor = ThreadExecutor(name: "redis \(settings.name)")
  }

  /// Sends commands in one go and returns their replies in order; refused ones as ``RedisValue/refusal(_:)``.
  /// - Parameters:
  ///   - commands: Any number; all are in memory at once.
  ///   - blocking: How long the commands may wait on the server.
  ///   - repeatable: Whether a second execution is harmless: then a connection that turns out to be dead is replaced at
  ///     once and the commands are sent again, once.
  /// - Throws: ``RedisError`` when any reply is missing.
  public func send(
    _ commands: [RedisCommand], blocking: Duration = .zero, repeatable: Bool = true
  ) throws(RedisError) -> [RedisValue] {
    guard !commands.isEmpty else { return [] }
    let reused = connection != nil
    do throws(RedisError) {
      return try attempt(commands, blocking: blocking)
    } catch {
      guard case .connectionLost = error, reused, repeatable else { throw error }
      restUntil = 0
      return try attempt(commands, blocking: blocking)
    }
  }

  /// Sends one command.
  /// - Throws: ``RedisError``, its refusal included.
  public func send(
    _ command: RedisCommand, blocking: Duration = .zero, repeatable: Bool = true
  ) throws(RedisError) -> RedisValue {
    try send([command], blocking: blocking, repeatable: repeatable)[0].accepted()
  }

  /// Runs scripts in one go and returns their replies in order; loads those that the server does not know.
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
    for script in Set(forgotten.map { ObjectIdentifier(calls[$0].script) }) {
      guard let index = forgotten.first(where: { ObjectIdentifier(calls[$0].script) == script }) else { continue }
      _ = try load(calls[index].script)
    }
    let again = try send(forgotten.map { commands[$0] })
    for (index, reply) in zip(forgotten, again) { replies[index] = reply }
    return replies
  }

  /// Which connection the commands of a key go over now; makes one when there is none.
  /// - Throws: ``RedisError``.
  public func identity(for key: String) throws(RedisError) -> RedisConnectionIdentity {
    if connection == nil || serverRun == nil {
      let information = try send(RedisCommand("INFO", "server")).text ?? ""
      guard let run = runID(information) else { throw .malformedReply(reason: "INFO names no run_id") }
      serverRun = run
    }
    guard let serverRun, let client = connection?.clientID else {
      throw .connectionLost(reason: "the connection was given up")
    }
    return RedisConnectionIdentity(server: serverRun, client: client)
  }

  /// How long the server is left alone after failures; zero when the next call will try it.
  public var restRemaining: Duration {
    connection != nil ? .zero : .nanoseconds(max(0, restUntil - HostClock.monotonicNanoseconds()))
  }

  /// Gives the connection up; the next call makes another.
  public func disconnect() { connection = nil }

  private func digest(of script: RedisScript) throws(RedisError) -> [UInt8] {
    guard let known = digests[ObjectIdentifier(script)] else { return try load(script) }
    return known.digest
  }

  private func load(_ script: RedisScript) throws(RedisError) -> [UInt8] {
    guard let digest = try send(RedisCommand("SCRIPT", "LOAD", script.source)).bytes else {
      throw .malformedReply(reason: "SCRIPT LOAD of \(script.name) gave no digest")
    }
    digests[ObjectIdentifier(script)] = (script, digest)
    return digest
  }

  private func attempt(_ commands: [RedisCommand], blocking: Duration) throws(RedisError) -> [RedisValue] {
    do throws(RedisError) {
      try connectIfNeeded()
      let deadline = HostClock.monotonicNanoseconds() + (settings.commandTimeout + blocking).nanoseconds
      let replies = try connection!.exchange(commands, deadline: deadline)
      failures = 0
      if replies.contains(where: \.callsForReconnect) { connection = nil }
      return replies
    } catch {
      connection = nil
      throw error
    }
  }

  private func connectIfNeeded() throws(RedisError) {
    guard connection == nil else { return }
    let now = HostClock.monotonicNanoseconds()
    if now < restUntil, let lastFailure {
      throw .unavailable(reason: "tried again in \((restUntil - now) / 1_000_000) ms; last: \(lastFailure)")
    }
    do throws(RedisError) {
      var fresh = try RedisConnection(settings)
      try fresh.logIn(settings, deadline: now + settings.connectTimeout.nanoseconds)
      connection = consume fresh
      serverRun = nil
      generation += 1
    } catch {
      failures += 1
      let delay = settings.backoff.delay(afterFailures: failures, random: UInt64.random(in: .min ... .max))
      restUntil = HostClock.monotonicNanoseconds() + delay.nanoseconds
      lastFailure = error
      throw error
    }
  }
}

extension RedisValue {
  fileprivate var isUnknownScript: Bool {
    guard case .refusal(let refusal) = self else { return false }
    return refusal.code == "NOSCRIPT"
  }

  fileprivate var callsForReconnect: Bool {
    guard case .refusal(let refusal) = self else { return false }
    return refusal.callsForReconnect
  }
}
