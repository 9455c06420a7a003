internal import Lifecycle
internal import Market
internal import Ports
internal import Redis
internal import Sharding

/// A heartbeat as a hash that expires, and its place in the list of workers.
///
/// Two keys, so two scripts: they need not lie on one node of a cluster. A worker whose hash is gone does not beat, whatever
/// the list says. Flagged `allow-oom` as the leases are.
enum HeartbeatRecord {
  private static let beat = RuledScript(
    name: "beat", rule: .worker,
    """
    redis.call('DEL', KEYS[1])
    redis.call('HSET', KEYS[1], unpack(ARGV, 2))
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
    return { 1, damaged }
    """)

  private static let list = RuledScript(
    name: "list", rule: .workers,
    """
    local time = redis.call('TIME')
    redis.call('ZADD', KEYS[1], \(LeaseLua.milliseconds), ARGV[1])
    return { 1, damaged }
    """)

  /// Takes what an operator has told a worker.
  private static let takeOrder = RuledScript(
    name: "take-order", rule: .order,
    """
    local order = redis.call('GET', KEYS[1])
    if order then redis.call('DEL', KEYS[1]) end
    return { order, damaged }
    """)

  /// Takes a heartbeat away that is damaged. Its worker writes another with its next beat.
  private static let clear = RuledScript(name: "clear", rule: .worker, "return { 1, damaged }")

  static func takeOrder(_ worker: WorkerID) -> RuledScript.Call { takeOrder.call(Keys.order(worker)) }

  static func clear(_ worker: WorkerID) -> RuledScript.Call { clear.call(Keys.worker(worker)) }

  static func calls(_ heartbeat: Heartbeat, lifetime: Duration) -> [RuledScript.Call] {
    let shards = heartbeat.shards
    var fields = [
      String(lifetime.milliseconds), "host", heartbeat.host, "pid", String(max(0, heartbeat.pid)), "version",
      heartbeat.version, "started", String(max(0, heartbeat.startedAt.rawValue)), "admin", heartbeat.admin, "state",
      heartbeat.state.rawValue, "beat", String(heartbeat.beat), "shards",
      shards.map(\.description).joined(separator: ","), "loads",
      shards.map { text($0, heartbeat.loads[$0]!) }.joined(separator: ","), "orders_per_second",
      figure(heartbeat.commandsPerSecond), "busy_permille", figure(heartbeat.busyPermille), "redis_us",
      figure(Int(clamping: heartbeat.redisLatency.wholeMicroseconds)), "commit_us",
      figure(Int(clamping: heartbeat.commitLatency.wholeMicroseconds)),
    ]
    if let connection = heartbeat.connection {
      fields += ["server", connection.server, "client", String(connection.client)]
    }
    return [beat.call(Keys.worker(heartbeat.worker), fields), list.call(Keys.workers, [heartbeat.worker.rawValue])]
  }

  /// The heartbeat in replies to ``KeyRule/read(_:)`` and `PTTL`; nil when there is none, or when it is damaged or of a
  /// version that says other things.
  static func parse(_ fields: RedisValue, remaining: RedisValue, worker: WorkerID) -> Heartbeat? {
    guard let record = KeyRule.worker.accepts(fields, remaining: remaining), let host = record.text("host"),
      let pid = record.number("pid").flatMap({ Int32(exactly: $0) }), let version = record.text("version"),
      let started = record.number("started"), let admin = record.text("admin"),
      let state = record.text("state").flatMap({ WorkerState(rawValue: $0) }), let beat = record.bits("beat"),
      let loads = record.text("loads").flatMap({ parse(loads: $0) }), let busy = record.number("busy_permille"),
      let redis = record.number("redis_us"), let commit = record.number("commit_us")
    else { return nil }
    var heartbeat = Heartbeat(
      worker: worker, host: host, pid: pid, version: version, startedAt: Timestamp(rawValue: started), admin: admin,
      state: state)
    heartbeat.beat = beat
    heartbeat.loads = loads
    heartbeat.busyPermille = Int(busy)
    heartbeat.redisLatency = .microseconds(redis)
    heartbeat.commitLatency = .microseconds(commit)
    if let server = record.text("server"), let client = record.number("client"), client > 0 {
      heartbeat.connection = Heartbeat.Connection(server: server, client: client)
    }
    return heartbeat
  }

  /// Whether replies to ``KeyRule/read(_:)`` say that there is nothing.
  static func isAbsent(_ fields: RedisValue) -> Bool { fields.array?.allSatisfy { $0 == .null } ?? false }

  /// A figure within ``FieldForm/count``.
  private static func figure(_ number: Int) -> String { String(min(max(0, number), 999_999_999_999_999)) }

  /// `17:120/340/5300`: shard, commands a second, microseconds of matching a second, open orders.
  private static func text(_ shard: Shard, _ load: ShardLoad) -> String {
    "\(shard):\(load.commandsPerSecond)/\(load.matchingMicroseconds)/\(load.openOrders)"
  }

  private static func parse(loads: String) -> [Shard: ShardLoad]? {
    var parsed: [Shard: ShardLoad] = [:]
    for item in loads.utf8.split(separator: UInt8(ascii: ",")) {
      let parts = item.split(whereSeparator: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") })
      guard parts.count == 4, let shard = Shard(Array(parts[0])), let commands = figure(parts[1]),
        let matching = figure(parts[2]), let orders = figure(parts[3])
      else { return nil }
      parsed[shard] = ShardLoad(commandsPerSecond: commands, matchingMicroseconds: matching, openOrders: orders)
    }
    return parsed
  }

  /// A figure of a load; ``ShardLoad`` bounds it further.
  private static func figure(_ bytes: Substring.UTF8View) -> Int? {
    FieldForm.number(digits: 12).accepts(Array(bytes)) ? Int(String(decoding: bytes, as: UTF8.self)) : nil
  }
}
