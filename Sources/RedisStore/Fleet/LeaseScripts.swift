internal import Market
internal import Ports
internal import Redis
internal import Sharding

/// Takes, extends and gives up leases, each in one step on the server.
///
/// A damaged lease is nobody's (``KeyRule/lease``). Flagged `allow-oom`: a server whose memory is full must not cost anybody a
/// lease.
enum LeaseScripts {
  static let acquire = RuledScript(
    name: "acquire", rule: .lease, LeaseLua.shard.take(", 'state', 'claiming', 'processed', 0"))
  static let renew = RuledScript(
    name: "renew", rule: .lease, LeaseLua.shard.extend(", 'state', 'owned', 'processed', ARGV[5]"))
  /// Who has asked for the shard and does not want it any more is handed nothing.
  static let release = LeaseLua.release(
    name: "release",
    otherwise: """
      if redis.call('HGET', KEYS[1], 'successor_nonce') == ARGV[1] then
        redis.call('HDEL', KEYS[1], 'successor', 'successor_nonce')
        return 1
      end
      """)

  /// Writes down who wants to be handed the shard.
  static let request = RuledScript(
    name: "request", rule: .lease,
    LeaseLua.shard.prelude + """
      local held = held_by()
      if not held or held.name == name then return { 0, damaged } end
      redis.call('HSET', key, 'successor', name, 'successor_nonce', nonce)
      return { 1, damaged }
      """)

  /// The lease changes hands only to who asked last, and never is free in between.
  static let handOver = RuledScript(
    name: "hand_over", rule: .lease,
    LeaseLua.shard.prelude + """
      local lifetime, successor, successor_nonce = ARGV[3], ARGV[4], ARGV[5]
      local held = held_by()
      if not held then return { 0, damaged } end
      if held.name == successor and held.nonce == successor_nonce then return { 1, damaged } end
      local asked = redis.call('HMGET', key, 'successor', 'successor_nonce')
      if not is_mine(held) or asked[1] ~= successor or asked[2] ~= successor_nonce then return { 0, damaged } end
      put(successor, successor_nonce, held.rank, 'state', 'claiming', 'processed', 0)
      redis.call('PEXPIRE', key, lifetime)
      return { 1, damaged }
      """)

  /// Takes a damaged lease away.
  static let clear = RuledScript(name: "clear_lease", rule: .lease, "return { 1, damaged }")

  static func acquire(
    _ shard: Shard, owner: WorkerID, nonce: UInt64, over: Lease?, lifetime: Duration
  ) -> RuledScript.Call {
    acquire.call(
      Keys.lease(shard),
      [
        owner.rawValue, String(nonce), String(lifetime.milliseconds), over.map { String($0.nonce) } ?? "",
        over.map { String($0.counter) } ?? "",
      ])
  }

  static func request(_ shard: Shard, for successor: Successor) -> RuledScript.Call {
    request.call(
      Keys.lease(shard), [successor.worker.rawValue, String(successor.nonce)])
  }

  static func handOver(_ shard: Shard, owner: WorkerID, nonce: UInt64, to successor: Successor, lifetime: Duration)
    -> RuledScript.Call
  {
    handOver.call(
      Keys.lease(shard),
      [
        owner.rawValue, String(nonce), String(lifetime.milliseconds), successor.worker.rawValue,
        String(successor.nonce),
      ])
  }

  static func renew(_ renewal: LeaseRenewal, owner: WorkerID, lifetime: Duration) -> RuledScript.Call {
    renew.call(
      Keys.lease(renewal.shard),
      [
        owner.rawValue, String(renewal.nonce), String(lifetime.milliseconds), renewal.epoch.description,
        renewal.processed.description,
      ])
  }

  static func release(_ shard: Shard, nonce: UInt64) -> RedisScript.Call {
    RedisScript.Call(release, key: Keys.lease(shard), [String(nonce)])
  }
}
