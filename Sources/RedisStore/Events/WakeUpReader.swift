internal import Lifecycle
internal import Market
internal import Redis

internal import struct Ports.StreamPosition

/// Reads streams of wake-ups over a connection of its own.
actor WakeUpReader {
  /// How long a read waits on the server: also how often a wipe is looked for.
  private static let patience = Duration.seconds(1)
  /// Entries of a stream that are read at a time.
  private static let limit = 1000

  private let client: RedisClient
  private let keys: [String]
  /// Behind which entry of each stream to go on; none until the streams' ends are known.
  private var positions: [String: StreamPosition] = [:]
  /// Streams of another type, until workers have replaced them: the others are read without them.
  private var damaged: Set<String> = []
  private var nextPoll: Int64 = 0
  private var generation = -1

  init(_ client: RedisClient, _ keys: [String]) {
    self.client = client
    self.keys = keys
  }

  func follow(_ notified: @Sendable ([AccountNumber]) async -> Void) async {
    while !Task.isCancelled {
      do throws(RedisError) {
        let accounts = try await read()
        if !accounts.isEmpty { await notified(accounts) }
      } catch {
        let pause = max(await client.restRemaining, .milliseconds(50))
        try? await Task.sleep(for: pause)
      }
    }
  }

  private func read() async throws(RedisError) -> [AccountNumber] {
    if await client.generation != generation || positions.isEmpty { try await findPlace() }
    var command = RedisCommand("XREAD", "COUNT", String(Self.limit), "BLOCK")
    command.add(Self.patience.milliseconds)
    command.add("STREAMS")
    let sound = keys.filter { !damaged.contains($0) }
    for key in sound { command.add(key) }
    for key in sound { command.add((positions[key] ?? .beginning).description) }
    guard !sound.isEmpty else {
      try? await Task.sleep(for: Self.patience)
      try await findPlace()
      return []
    }
    let reply = try await client.send([command], blocking: Self.patience)[0]
    if reply.isOfAnotherType {
      try await findPlace()
      return []
    }
    let accounts = take(try reply.accepted())
    // Also while there is news: one stream may have begun anew while the others go on.
    if accounts.isEmpty || HostClock.monotonicNanoseconds() >= nextPoll { try await findPlace() }
    return Array(Set(accounts))
  }

  /// Looks where the streams end: at first to begin there, later to notice that one ends before the reader's place.
  private func findPlace() async throws(RedisError) {
    let isFirst = positions.isEmpty
    let replies = try await client.send(keys.map { RedisCommand("XINFO", "STREAM", $0) })
    damaged = []
    for (key, reply) in zip(keys, replies) {
      if case .refusal(let refusal) = reply, refusal.code != "ERR", !reply.isOfAnotherType { throw .refused(refusal) }
      if reply.isOfAnotherType { damaged.insert(key) }
      let end = StreamReply.lastPosition(reply) ?? .beginning
      if isFirst {
        positions[key] = end
      } else if end < positions[key] ?? .beginning {
        positions[key] = .beginning
      }
    }
    nextPoll = HostClock.monotonicNanoseconds() + Self.patience.wholeNanoseconds
    generation = await client.generation
  }

  private func take(_ reply: RedisValue) -> [AccountNumber] {
    var accounts: [AccountNumber] = []
    for stream in reply.array ?? [] {
      guard let parts = stream.array, parts.count == 2, let key = parts[0].text else { continue }
      for entry in parts[1].array ?? [] {
        guard let fields = entry.array, fields.count == 2,
          let position = fields[0].bytes.flatMap({ StreamPosition($0) })
        else { continue }
        positions[key] = position
        let words = fields[1]["accounts"]?.text?.split(separator: " ") ?? []
        accounts += words.compactMap { Int64($0).map(AccountNumber.init(rawValue:)) }
      }
    }
    return accounts
  }
}
