internal import Lifecycle
public import Market
public import Ports
internal import Redis

/// Carries log rows over Redis Streams, one a shard.
///
/// Publishing and trimming share a client; each read that waits has another, so that it delays nothing else.
///
/// After a wipe the entries of a shard come from the beginning of its new stream: positions may run backwards, and the
/// reader goes on from the position of the last entry it got.
public final class RedisOrderStream: OrderStream {
  /// Reading connections that are kept while nobody reads.
  static let mostIdleReaders = 4

  private let settings: RedisStoreSettings
  private let publisher: RedisClient
  private let idle = Lock<[any EntryReader]>([])

  /// Makes a stream; it connects at its first call.
  public init(_ settings: RedisStoreSettings) {
    self.settings = settings
    publisher = settings.client(for: "publish")
  }

  /// Appends log rows, at most ``RedisStoreSettings/pipelineLength`` in one go.
  public func publish(_ entries: [LogEntry]) async throws(StreamError) {
    var rest = entries[...]
    while !rest.isEmpty {
      let batch = rest.prefix(settings.pipelineLength)
      rest = rest.dropFirst(batch.count)
      let commands = addCommands(batch)
      try await streamErrors { () async throws(RedisError) in
        for reply in try await publisher.send(commands) { _ = try reply.accepted() }
      }
    }
  }

  /// Waits for entries on a connection of its own. After a failure it waits too, so that a caller in a loop does not spin.
  public func read(
    after positions: [Shard: StreamPosition?], limit: Int, wait: Duration
  ) async throws(StreamError) -> [StreamEntry] {
    guard !positions.isEmpty else {
      try? await Task.sleep(for: wait)
      return []
    }
    let reader = idle.withLock { $0.popLast() } ?? makeReader()
    defer { idle.withLock { if $0.count < Self.mostIdleReaders { $0.append(reader) } } }
    do throws(RedisError) {
      return try await reader.read(after: positions, limit: limit, wait: wait)
    } catch {
      await reader.rest(atMost: wait)
      throw StreamError(error)
    }
  }

  private func makeReader() -> any EntryReader {
    let settings = settings
    if case .cluster = settings.address.deployment {
      return ClusterReader { StreamReader(settings.client(for: "read"), reports: settings.damage) }
    }
    return StreamReader(settings.client(for: "read"), reports: settings.damage)
  }

  /// Drops what is settled and moves the mirror group, a shard in one step on the server, all shards in one go.
  public func trim(_ settled: [Shard: StreamPosition]) async throws(StreamError) {
    let calls = settled.map { shard, position in TrimScript.call(shard, settled: position) }
    try await streamErrors { () async throws(RedisError) in
      for reply in try await publisher.run(calls) { _ = try reply.accepted() }
    }
  }

  /// One `XADD` an entry, in order; what those of a shard have in common is written once.
  private func addCommands(_ entries: ArraySlice<LogEntry>) -> [RedisCommand] {
    var beginnings: [Shard: RedisCommand] = [:]
    return entries.map { entry in
      let beginning = beginnings[entry.shard] ?? addCommand(entry.shard)
      beginnings[entry.shard] = beginning
      var command = RedisCommand(beginning: beginning, growingBy: LogEntryText.usualLength + 32)
      command.add { $0.write(entry.sequence.rawValue) }
      command.add { $0.write("cmd") }
      command.add { LogEntryText.write(entry, to: &$0) }
      return command
    }
  }

  private func addCommand(_ shard: Shard) -> RedisCommand {
    RedisCommand("XADD", Keys.orders(shard), "MAXLEN", "~", String(settings.streamLength), "*", "seq")
  }
}

extension StreamError {
  init(_ error: RedisError) { self.init(reason: error.description) }
}

/// Runs `body` and hands its failure on in the port's words.
func streamErrors<Result>(_ body: () async throws(RedisError) -> Result) async throws(StreamError) -> Result {
  do throws(RedisError) {
    return try await body()
  } catch {
    throw StreamError(error)
  }
}
