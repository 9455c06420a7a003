internal import Lifecycle
internal import Market
internal import Ports
internal import Redis

/// Reads the shards' streams of one server over a connection of its own, or one shard's of a cluster.
actor StreamReader: EntryReader {
  /// Shorter waits are slept through here: the server ends a blocked read at a tick of its own clock, up to 100 ms late.
  private static let shortestBlock = Duration.milliseconds(10)

  private let client: RedisClient
  private var watch = WipeWatch()
  private var keys: [Shard: String] = [:]
  private var shards: [[UInt8]: Shard] = [:]

  init(_ client: RedisClient) { self.client = client }

  func read(
    after positions: [Shard: StreamPosition?], limit: Int, wait: Duration
  ) async throws(RedisError) -> [StreamEntry] {
    watch.forget(except: positions)
    let deadline = HostClock.monotonicNanoseconds() + wait.nanoseconds
    while true {
      try await lookForWipes(positions)
      let remaining = Duration.nanoseconds(deadline - HostClock.monotonicNanoseconds())
      let block = remaining < Self.shortestBlock ? .zero : min(remaining, .nanoseconds(WipeWatch.interval))
      let reply = try await client.send(command(positions, limit: limit, block: block), blocking: block)
      let entries = StreamReply.entries(reply, shards: shards)
      if !entries.isEmpty || Task.isCancelled || remaining <= .zero { return entries }
      if block == .zero { try? await Task.sleep(for: remaining) }
    }
  }

  /// Waits as long as the server is left alone, a moment at least.
  func rest(atMost wait: Duration) async {
    let pause = min(wait, max(await client.restRemaining, .milliseconds(20)))
    try? await Task.sleep(for: pause)
  }

  private func lookForWipes(_ positions: [Shard: StreamPosition?]) async throws(RedisError) {
    let now = HostClock.monotonicNanoseconds()
    guard watch.isDue(now: now, generation: await client.generation) else { return }
    let suspects = watch.suspects(positions)
    let replies = try await client.send(suspects.map { RedisCommand("XINFO", "STREAM", key($0)) })
    for (shard, reply) in zip(suspects, replies) {
      if case .refusal(let refusal) = reply, refusal.code != "ERR" { throw .refused(refusal) }
      guard case .some(.some(let position)) = positions[shard] else { continue }
      watch.saw(StreamReply.lastPosition(reply), of: shard, at: position)
    }
    watch.looked(now: now, generation: await client.generation)
  }

  private func command(_ positions: [Shard: StreamPosition?], limit: Int, block: Duration) -> RedisCommand {
    var command = RedisCommand("XREAD", "COUNT")
    command.add(max(1, limit))
    // BLOCK 0 would wait for ever.
    if block > .zero {
      command.add("BLOCK")
      command.add(block.milliseconds)
    }
    command.add("STREAMS")
    for shard in positions.keys { command.add(key(shard)) }
    for (shard, position) in positions {
      let start = watch.start(of: shard, at: position)
      command.add { bytes in
        bytes.write(start.milliseconds)
        bytes.append(UInt8(ascii: "-"))
        bytes.write(start.counter)
      }
    }
    return command
  }

  private func key(_ shard: Shard) -> String {
    if let key = keys[shard] { return key }
    let key = Keys.orders(shard)
    keys[shard] = key
    shards[Array(key.utf8)] = shard
    return key
  }
}
