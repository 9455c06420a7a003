internal import Market
internal import Ports
internal import Redis
internal import Sharding

/// A heartbeat as a hash that expires, and its place in the list of workers.
///
/// Two keys, so two scripts: they need not lie on one node of a cluster. A worker whose hash is gone is dead, whatever
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
    let shards = heartbeat.shards.map(\.description).joined(separator: ",")
    return [
      RedisScript.Call(
        beat, key: Keys.worker(heartbeat.worker),
        [
          String(lifetime.milliseconds), "host", heartbeat.host, "pid", String(heartbeat.pid), "version",
          heartbeat.version, "started", String(heartbeat.startedAt.rawValue), "shards", shards, "orders_per_second",
          String(heartbeat.ordersPerSecond), "state", heartbeat.state,
        ]),
      RedisScript.Call(list, key: Keys.workers, [heartbeat.worker.rawValue]),
    ]
  }

  /// The heartbeat in a reply of `HGETALL`; nil when it is incomplete or malformed.
  static func parse(_ reply: RedisValue, worker: WorkerID) -> Heartbeat? {
    guard let host = reply["host"]?.text, let pid = reply["pid"]?.integer.flatMap({ Int32(exactly: $0) }),
      let version = reply["version"]?.text, let started = reply["started"]?.integer,
      let shards = reply["shards"]?.text.flatMap({ parse(shards: $0) }),
      let rate = reply["orders_per_second"]?.integer, let state = reply["state"]?.text
    else { return nil }
    return Heartbeat(
      worker: worker, host: host, pid: pid, version: version, startedAt: Timestamp(rawValue: started), shards: shards,
      ordersPerSecond: Int(rate), state: state)
  }

  private static func parse(shards: String) -> [Shard]? {
    var parsed: [Shard] = []
    for number in shards.split(separator: ",", omittingEmptySubsequences: true) {
      guard let number = Int16(number) else { return nil }
      parsed.append(Shard(rawValue: number))
    }
    return parsed
  }
}
