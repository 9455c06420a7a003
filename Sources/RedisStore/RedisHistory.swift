public import Market
public import Ports
internal import Redis
public import Sharding

/// What happened to a shard's ownership, for operators.
public struct HistoryEvent: Hashable, Sendable {
  /// The kinds of what happens.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// A worker took the shard over.
    case claimed
    /// Its owner gave it up.
    case released
    /// Its owner lost it to another, or was refused by the ledger.
    case lost
  }

  /// What happened.
  public var kind: Kind
  /// To which shard.
  public var shard: Shard
  /// To or by whom.
  public var worker: WorkerID
  /// The epoch that began or ended.
  public var epoch: Epoch
  /// Why, in words.
  public var reason: String

  /// Makes an event.
  public init(kind: Kind, shard: Shard, worker: WorkerID, epoch: Epoch, reason: String) {
    self.kind = kind
    self.shard = shard
    self.worker = worker
    self.epoch = epoch
    self.reason = reason
  }
}

/// Records who claimed, gave up or lost which shard in a bounded stream; an operator reads it with
/// `XREVRANGE bw:history + - COUNT 20`. It is a convenience: a wipe loses it, and nothing decides by it.
public final class RedisHistory: Sendable {
  private let client: RedisClient
  private let length: Int

  /// Makes a history; it connects at its first call.
  public init(_ settings: RedisStoreSettings) {
    client = settings.client(for: "history")
    length = settings.historyLength
  }

  /// Appends events.
  public func record(_ events: [HistoryEvent]) async throws(StreamError) {
    let commands = events.map { event in
      RedisCommand(
        "XADD", Keys.history, "MAXLEN", "~", String(length), "*", "event", event.kind.rawValue, "shard",
        event.shard.description, "worker", event.worker.rawValue, "epoch", event.epoch.description, "reason",
        event.reason)
    }
    try await streamErrors { () async throws(RedisError) in
      for reply in try await client.send(commands, repeatable: false) { _ = try reply.accepted() }
    }
  }

  /// The latest events, the last one first. Entries that are not understood are left out.
  public func latest(_ limit: Int) async throws(StreamError) -> [HistoryEvent] {
    let command = RedisCommand("XREVRANGE", Keys.history, "+", "-", "COUNT", String(limit))
    let reply = try await streamErrors { () async throws(RedisError) in try await client.send(command) }
    return (reply.array ?? []).compactMap { entry in entry.array?.last.flatMap(HistoryEvent.init) }
  }
}

extension HistoryEvent {
  fileprivate init?(_ fields: RedisValue) {
    guard let kind = fields["event"]?.text.flatMap(Kind.init), let worker = fields["worker"]?.text,
      let shard = fields["shard"]?.integer.flatMap({ Int16(exactly: $0) }), let epoch = fields["epoch"]?.integer,
      let reason = fields["reason"]?.text
    else { return nil }
    self.init(
      kind: kind, shard: Shard(rawValue: shard), worker: WorkerID(rawValue: worker), epoch: Epoch(rawValue: epoch),
      reason: reason)
  }
}
