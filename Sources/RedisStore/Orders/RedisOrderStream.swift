internal import Lifecycle
public import Market
public import Ports
internal import Redis

/// Carries log rows over Redis Streams, one a shard. Each entry is signed under a key that Redis does not have: what somebody
/// else wrote there, changed, or copied to another place comes back as refused.
///
/// Publishing and trimming share a client; each read that waits has another, so that it delays nothing else.
///
/// After a wipe the entries of a shard come from the beginning of its new stream: positions may run backwards, and the
/// reader goes on from the position of the last entry it got.
public final class RedisOrderStream: OrderStream {
  /// Reading connections that are kept while nobody reads.
  static let mostIdleReaders = 4

  private let settings: RedisStoreSettings
  private let keyring: StreamKeyring
  private let publisher: RedisClient
  private let idle = Lock<[any EntryReader]>([])

  /// Makes a stream; it connects at its first call.
  public init(_ settings: RedisStoreSettings, keyring: StreamKeyring) {
    self.settings = settings
    self.keyring = keyring
    publisher = settings.client(for: "publish")
  }

  /// Appends log rows, at most ``RedisStoreSettings/pipelineLength`` in one go.
  public func publish(_ entries: [LogEntry]) async throws(StreamError) {
    guard !entries.isEmpty else { return }
    let keys = try await keyring.current()
    var rest = entries[...]
    while !rest.isEmpty {
      let batch = rest.prefix(settings.pipelineLength)
      rest = rest.dropFirst(batch.count)
      let commands = addCommands(batch, keys)
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
    do throws(StreamError) {
      return try await reader.read(after: positions, limit: limit, wait: wait)
    } catch {
      await reader.rest(atMost: wait)
      throw error
    }
  }

  private func makeReader() -> any EntryReader {
    let (settings, keyring) = (settings, keyring)
    if case .cluster = settings.address.deployment {
      return ClusterReader { StreamReader(settings.client(for: "read"), keyring, reports: settings.damage) }
    }
    return StreamReader(settings.client(for: "read"), keyring, reports: settings.damage)
  }

  /// Drops what is settled and moves the mirror group, a shard in one step on the server, all shards in one go.
  public func trim(_ settled: [Shard: StreamPosition]) async throws(StreamError) {
    let calls = settled.map { shard, position in TrimScript.call(shard, settled: position) }
    try await streamErrors { () async throws(RedisError) in
      for reply in try await publisher.run(calls) { _ = try reply.accepted() }
    }
  }

  /// Drops all entries of shards; their streams go on where they stood.
  public func discard(_ shards: [Shard]) async throws(StreamError) {
    let commands = shards.map { RedisCommand("XTRIM", Keys.orders($0), "MAXLEN", "0") }
    try await streamErrors { () async throws(RedisError) in
      for reply in try await publisher.send(commands) { _ = try reply.accepted() }
    }
  }

  /// One `XADD` an entry, in order; what those of a shard have in common is written once.
  private func addCommands(_ entries: ArraySlice<LogEntry>, _ keys: StreamKeys) -> [RedisCommand] {
    var beginnings: [Shard: RedisCommand] = [:]
    var text: [UInt8] = []
    text.reserveCapacity(2 * LogEntryText.usualLength)
    return entries.map { entry in
      let beginning = beginnings[entry.shard] ?? addCommand(entry.shard)
      beginnings[entry.shard] = beginning
      var command = RedisCommand(beginning: beginning, growingBy: LogEntryText.usualLength + 80)
      text.removeAll(keepingCapacity: true)
      LogEntryText.write(entry, to: &text)
      command.add { $0.write(entry.sequence.rawValue) }
      command.add { $0.write("cmd") }
      command.add(text)
      command.add { $0.write("mac") }
      command.add { keys.sign(text, at: entry.shard, entry.sequence, to: &$0) }
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
