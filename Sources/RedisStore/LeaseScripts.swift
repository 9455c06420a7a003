internal import Market
internal import Ports
internal import Redis
internal import Sharding

/// Takes, extends and gives up leases, each in one step on the server.
///
/// A damaged lease is nobody's (``KeyRule/lease``). Flagged `allow-oom`: a server whose memory is full must not cost anybody a
/// lease. `since` is for people; no decision reads a clock but the expiry itself.
enum LeaseScripts {
  /// A lease that is held is taken over only as it was seen: its claim and its counter.
  static let acquire = RuledScript(
    name: "acquire", rule: .lease,
    prelude + """
      local lifetime, seen_nonce, seen_counter = ARGV[3], ARGV[4], ARGV[5]
      local held = holder()
      local is_as_seen = held and held.nonce == seen_nonce and held.counter == tonumber(seen_counter)
      if held and not is_mine(held) and not is_as_seen then return { 0, damaged } end
      if not held or not is_mine(held) then write(owner, nonce, 0, 'claiming', 0) end
      redis.call('PEXPIRE', lease, lifetime)
      return { 1, damaged }
      """)

  /// A lease that a wipe lost is written again; of two that both hold it, the one with the higher epoch does.
  static let renew = RuledScript(
    name: "renew", rule: .lease,
    prelude + """
      local lifetime, epoch, processed = ARGV[3], ARGV[4], ARGV[5]
      local held = holder()
      if held and not is_mine(held) and held.epoch >= tonumber(epoch) then return { 0, damaged } end
      if held and is_mine(held) then
        redis.call('HSET', lease, 'epoch', epoch, 'state', 'owned', 'processed', processed)
        redis.call('HINCRBY', lease, 'counter', 1)
      else
        write(owner, nonce, epoch, 'owned', processed)
      end
      redis.call('PEXPIRE', lease, lifetime)
      return { 1, damaged }
      """)

  /// Writes down who wants to be handed the shard.
  static let request = RuledScript(
    name: "request", rule: .lease,
    prelude + """
      local held = holder()
      if not held or held.owner == owner then return { 0, damaged } end
      redis.call('HSET', lease, 'successor', owner, 'successor_nonce', nonce)
      return { 1, damaged }
      """)

  /// The lease changes hands only to who asked last, and never is free in between.
  static let handOver = RuledScript(
    name: "hand_over", rule: .lease,
    prelude + """
      local lifetime, successor, successor_nonce = ARGV[3], ARGV[4], ARGV[5]
      local held = holder()
      if not held then return { 0, damaged } end
      if held.owner == successor and held.nonce == successor_nonce then return { 1, damaged } end
      local asked = redis.call('HMGET', lease, 'successor', 'successor_nonce')
      if not is_mine(held) or asked[1] ~= successor or asked[2] ~= successor_nonce then return { 0, damaged } end
      write(successor, successor_nonce, held.epoch, 'claiming', 0)
      redis.call('PEXPIRE', lease, lifetime)
      return { 1, damaged }
      """)

  /// Takes a damaged lease away.
  static let clear = RuledScript(name: "clear_lease", rule: .lease, "return { 1, damaged }")

  static let release = RedisScript(
    name: "release",
    source: """
      #!lua flags=allow-oom
      if redis.call('TYPE', KEYS[1]).ok == 'hash' and redis.call('HGET', KEYS[1], 'nonce') == ARGV[1] then
        redis.call('DEL', KEYS[1])
        return 1
      end
      return 0
      """)

  /// What they share.
  private static let prelude = """
    local lease, owner, nonce = KEYS[1], ARGV[1], ARGV[2]

    local function holder()
      local fields = redis.call('HMGET', lease, 'owner', 'nonce', 'epoch', 'counter')
      if not fields[1] then return nil end
      return { owner = fields[1], nonce = fields[2], epoch = tonumber(fields[3]), counter = tonumber(fields[4]) }
    end

    local function is_mine(held) return held.owner == owner and held.nonce == nonce end

    local function write(owner, nonce, epoch, state, processed)
      local time = redis.call('TIME')
      local since = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
      redis.call('DEL', lease)
      redis.call('HSET', lease, 'owner', owner, 'nonce', nonce, 'counter', 1, 'epoch', epoch, 'state', state,
        'since', since, 'processed', processed)
    end


    """

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
