internal import Market
package import Ports
internal import Redis
internal import Sharding

/// Records who claimed, gave up or lost which shard in a bounded stream; an operator reads it with
/// `XREVRANGE bw:history + - COUNT 20`. It is a convenience: a wipe loses it, and nothing decides by it.
package final class RedisFleetEvents: FleetHistory {
  private let client: RedisClient
  private let length: Int
  private let damage: DamageReports

  /// Makes a history; it connects at its first call.
  package init(_ settings: RedisStoreSettings) {
    client = settings.client(for: "history")
    length = settings.fleetEventsLength
    damage = settings.damage
  }

  package func record(_ events: [FleetEvent]) async throws(StreamError) {
    let commands = events.map { event in
      var command = RedisCommand(
        "XADD", Keys.fleetEvents, "MAXLEN", "~", String(length), "*", "event", event.kind.rawValue)
      for (name, value) in event.fields {
        command.add(name)
        command.add(value)
      }
      return (key: Keys.fleetEvents, command: command)
    }
    try await streamErrors { () async throws(RedisError) in
      try await client.append(commands, repeatable: false, reports: damage)
    }
  }

  /// The latest events, the last one first. Entries that are not understood are left out.
  package func latest(_ limit: Int) async throws(StreamError) -> [FleetEvent] {
    let command = RedisCommand("XREVRANGE", Keys.fleetEvents, "+", "-", "COUNT", String(limit))
    let reply = try await streamErrors { () async throws(RedisError) in try await client.send(command) }
    return (reply.array ?? []).compactMap { entry in entry.array?.last.flatMap(FleetEvent.init) }
  }
}

extension FleetEvent {
  /// Everything but the kind, in the order in which people read it.
  fileprivate var fields: [(String, String)] {
    var fields: [(String, String)] = []
    if let shard { fields.append(("shard", shard.description)) }
    if let key { fields.append(("key", key)) }
    fields.append(("worker", worker.rawValue))
    if let epoch { fields.append(("epoch", epoch.description)) }
    return fields + [("reason", reason)]
  }

  /// Reads an entry's names and values; nil when they are not understood.
  init?(_ fields: RedisValue) {
    guard let kind = fields["event"]?.text.flatMap(Kind.init),
      let worker = fields["worker"]?.bytes.flatMap({ WorkerID($0) }), let reason = fields["reason"]?.text
    else { return nil }
    if kind == .replaced {
      guard let key = fields["key"]?.text else { return nil }
      self.init(replaced: key, worker: worker, reason: reason)
      return
    }
    guard let shard = fields["shard"]?.bytes.flatMap({ Shard($0) }), let epoch = fields["epoch"]?.integer, epoch >= 0
    else { return nil }
    self.init(kind: kind, shard: shard, worker: worker, epoch: Epoch(rawValue: epoch), reason: reason)
  }
}
