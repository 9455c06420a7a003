internal import Lifecycle
internal import Market
internal import Ports
internal import Redis

/// Reads the shards' streams of one server over a connection of its own, or one shard's of a cluster.
actor StreamReader: EntryReader {
  /// Shorter waits are slept through here: the server ends a blocked read at a tick of its own clock, up to 100 ms late.
  private static let shortestBlock = Duration.milliseconds(10)

  private let client: RedisClient
  private let keyring: StreamKeyring
  private let reports: DamageReports
  private var monitor = WipeDetector()
  private var keys: [Shard: String] = [:]
  private var shards: [[UInt8]: Shard] = [:]

  init(_ client: RedisClient, _ keyring: StreamKeyring, reports: DamageReports) {
    self.client = client
    self.keyring = keyring
    self.reports = reports
  }

  func read(
    after positions: [Shard: StreamPosition?], limit: Int, wait: Duration
  ) async throws(StreamError) -> [StreamEntry] {
    let keys = try await keyring.current()
    let answer = try await streamErrors { () async throws(RedisError) -> RedisValue? in
      try await self.reply(after: positions, limit: limit, wait: wait)
    }
    guard let answer else { return [] }
    let entries = StreamReply.entries(answer, shards: shards, keys)
    // The first entry under a new key: it has been valid since before the entry was signed.
    guard entries.contains(where: { $0.refusal == .unknownKey }), let newer = await keyring.search(beyond: keys) else {
      return entries
    }
    return StreamReply.entries(answer, shards: shards, newer)
  }

  /// A reply with at least one stream in it; nil when nothing came.
  private func reply(
    after positions: [Shard: StreamPosition?], limit: Int, wait: Duration
  ) async throws(RedisError) -> RedisValue? {
    monitor.forget(except: positions)
    let deadline = HostClock.monotonicNanoseconds() + wait.wholeNanoseconds
    var hasTended = false
    while true {
      try await pollForWipes(positions)
      let remaining = Duration.nanoseconds(deadline - HostClock.monotonicNanoseconds())
      let block = remaining < Self.shortestBlock ? .zero : min(remaining, .nanoseconds(WipeDetector.interval))
      let reply = try await client.send([command(positions, limit: limit, block: block)], blocking: block)[0]
      if case .refusal(let refusal) = reply, StreamCare.isDamage(refusal), !hasTended {
        // One stream of another type spoils the reading of all: it is replaced at once, and they are read again.
        hasTended = true
        try await tend(Array(positions.keys))
        continue
      }
      let answer = try reply.accepted()
      if !(answer.array ?? []).isEmpty { return answer }
      if Task.isCancelled || remaining <= .zero { return nil }
      if block == .zero { try? await Task.sleep(for: remaining) }
    }
  }

  /// Waits as long as the server is left alone, a moment at least.
  func rest(atMost wait: Duration) async {
    let pause = min(wait, max(await client.restRemaining, .milliseconds(20)))
    try? await Task.sleep(for: pause)
  }

  private func pollForWipes(_ positions: [Shard: StreamPosition?]) async throws(RedisError) {
    let now = HostClock.monotonicNanoseconds()
    guard monitor.isDue(now: now, generation: await client.generation) else { return }
    let suspects = Set(monitor.suspects(positions))
    let read = Array(positions.keys)
    let replies = try await client.send(read.map { RedisCommand("XINFO", "STREAM", key($0)) })
    var damaged: [Shard] = []
    for (shard, reply) in zip(read, replies) {
      if case .refusal(let refusal) = reply, refusal.code != "ERR", !reply.isOfAnotherType { throw .refused(refusal) }
      var last = StreamReply.lastPosition(reply)
      if reply.isOfAnotherType || last?.isFromAClock == false {
        damaged.append(shard)
        last = nil
      }
      guard suspects.contains(shard), case .some(.some(let position)) = positions[shard] else { continue }
      monitor.saw(last, of: shard, at: position)
    }
    try await tend(damaged)
    monitor.polled(now: now, generation: await client.generation)
  }

  /// Replaces those of the shards' streams that are damaged. What was in them is read from the log.
  private func tend(_ shards: [Shard]) async throws(RedisError) {
    _ = try await client.run(shards.map { StreamCare.call(key($0)) }, reports: reports)
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
      let start = monitor.start(of: shard, at: position)
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
