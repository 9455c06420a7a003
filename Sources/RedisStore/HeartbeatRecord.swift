internal import Market
internal import Ports
internal import Redis
internal import Sharding

/// A heartbeat as a hash that expires, and its place in the list of workers.
///
/// Two keys, so two scripts: they need not lie on one node of a cluster. A worker whose hash is gone does not beat, whatever
/// the list says. Flagged `allow-oom` as the leases are.
enum HeartbeatRecord {
  private static let beat = RedisScript(
    name: "beat",
    source: """
      #!lua flags=allow-oom
      redis.call('DEL', KEYS[1])
      redis.call('HSET', KEYS[1], unpack(ARGV, 2))
      redis.call('PEXPIRE', KEYS[1], ARGV[1])
      return 1
      """)

  private static let list = RedisScript(
    name: "list",
    source: """
      #!lua flags=allow-oom
      local time = redis.call('TIME')
      redis.call('ZADD', KEYS[1], string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)), ARGV[1])
      return 1
      """)

  static func calls(_ heartbeat: Heartbeat, lifetime: Duration) -> [RedisScript.Call] {
    let shards = heartbeat.shards
    var fields = [
      String(lifetime.milliseconds), "host", heartbeat.host, "pid", String(heartbeat.pid), "version",
      heartbeat.version, "started", String(heartbeat.startedAt.rawValue), "admin", heartbeat.admin, "state",
      heartbeat.state.rawValue, "beat", String(heartbeat.beat), "shards",
      shards.map(\.description).joined(separator: ","), "loads",
      shards.map { text($0, heartbeat.loads[$0]!) }.joined(separator: ","), "orders_per_second",
      String(heartbeat.commandsPerSecond), "busy_permille", String(heartbeat.busyPermille), "redis_us",
      String(heartbeat.redisMicroseconds), "commit_us", String(heartbeat.commitMicroseconds),
    ]
    if let connection = heartbeat.connection {
      fields += ["server", connection.server, "client", String(connection.client)]
    }
    return [
      RedisScript.Call(beat, key: Keys.worker(heartbeat.worker), fields),
      RedisScript.Call(list, key: Keys.workers, [heartbeat.worker.rawValue]),
    ]
  }

  /// The heartbeat in a reply of `HGETALL`; nil when it is incomplete or malformed.
  static func parse(_ reply: RedisValue, worker: WorkerID) -> Heartbeat? {
    guard let host = reply["host"]?.text, let pid = reply["pid"]?.integer.flatMap({ Int32(exactly: $0) }),
      let version = reply["version"]?.text, let started = reply["started"]?.integer,
      let admin = reply["admin"]?.text, let state = reply["state"]?.text.flatMap({ WorkerState(rawValue: $0) }),
      let beat = reply["beat"]?.text.flatMap({ UInt64($0) }),
      let loads = reply["loads"]?.text.flatMap({ parse(loads: $0) }),
      let busy = reply["busy_permille"]?.integer, let redis = reply["redis_us"]?.integer,
      let commit = reply["commit_us"]?.integer
    else { return nil }
    var heartbeat = Heartbeat(
      worker: worker, host: host, pid: pid, version: version, startedAt: Timestamp(rawValue: started), admin: admin,
      state: state)
    heartbeat.beat = beat
    heartbeat.loads = loads
    heartbeat.busyPermille = Int(busy)
    heartbeat.redisMicroseconds = Int(redis)
    heartbeat.commitMicroseconds = Int(commit)
    if let server = reply["server"]?.text, let client = reply["client"]?.integer {
      heartbeat.connection = Heartbeat.Connection(server: server, client: client)
    }
    return heartbeat
  }

  /// `17:120/340/5300`: shard, commands a second, microseconds of matching a second, open orders.
  private static func text(_ shard: Shard, _ load: ShardLoad) -> String {
    "\(shard):\(load.commandsPerSecond)/\(load.matchingMicroseconds)/\(load.openOrders)"
  }

  private static func parse(loads: String) -> [Shard: ShardLoad]? {
    var parsed: [Shard: ShardLoad] = [:]
    for item in loads.split(separator: ",", omittingEmptySubsequences: true) {
      let numbers = item.split(whereSeparator: { $0 == ":" || $0 == "/" }).map { Int($0) }
      // Bounded, so that no sum of what a stranger may have written overflows.
      guard numbers.count == 4, let shard = numbers[0].flatMap({ Int16(exactly: $0) }),
        numbers.allSatisfy({ $0.map { (0...1_000_000_000).contains($0) } ?? false })
      else { return nil }
      parsed[Shard(rawValue: shard)] = ShardLoad(
        commandsPerSecond: numbers[1]!, matchingMicroseconds: numbers[2]!, openOrders: numbers[3]!)
    }
    return parsed
  }
}
