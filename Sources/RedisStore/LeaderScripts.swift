internal import Market
internal import Ports
internal import Redis
internal import Sharding

/// Takes, extends and gives up the leader's lease, and writes the leader's wishes, each in one step on the server.
///
/// Flagged `allow-oom` as the leases of shards are.
enum LeaderScripts {
  private static let campaign = RedisScript(
    name: "campaign",
    source: prelude + """
      local lifetime, seen_nonce, seen_counter = ARGV[3], ARGV[4], ARGV[5]
      local held = holder()
      local is_as_seen = held and held.nonce == seen_nonce and held.counter == tonumber(seen_counter)
      if held and not is_mine(held) and not is_as_seen then return 0 end
      if not held or not is_mine(held) then write(0) end
      redis.call('PEXPIRE', seat, lifetime)
      return 1
      """)

  /// A lease that a wipe lost is written again; of two that both lead, the one of the later term does.
  private static let extend = RedisScript(
    name: "extend",
    source: prelude + """
      local lifetime, term = ARGV[3], ARGV[4]
      local held = holder()
      if held and not is_mine(held) and held.term >= tonumber(term) then return 0 end
      if held and is_mine(held) then
        redis.call('HSET', seat, 'term', term)
        redis.call('HINCRBY', seat, 'counter', 1)
      else
        write(term)
      end
      redis.call('PEXPIRE', seat, lifetime)
      return 1
      """)

  private static let resign = RedisScript(
    name: "resign",
    source: """
      #!lua flags=allow-oom
      if redis.call('TYPE', KEYS[1]).ok == 'hash' and redis.call('HGET', KEYS[1], 'nonce') == ARGV[1] then
        redis.call('DEL', KEYS[1])
        return 1
      end
      return 0
      """)

  /// Wishes of a later term, or of the same term and a later generation, stay.
  private static let publish = RedisScript(
    name: "publish",
    source: """
      #!lua flags=allow-oom
      local assignment, term, generation = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
      if redis.call('TYPE', assignment).ok == 'hash' then
        local stored = redis.call('HMGET', assignment, 'term', 'generation')
        local stored_term, stored_generation = tonumber(stored[1]), tonumber(stored[2])
        if stored_term and stored_term > term then return 0 end
        if stored_term == term and stored_generation and stored_generation > generation then return 0 end
      end
      redis.call('DEL', assignment)
      redis.call('HSET', assignment, 'term', ARGV[1], 'generation', ARGV[2])
      for index = 3, #ARGV, 2 do redis.call('HSET', assignment, ARGV[index], ARGV[index + 1]) end
      return 1
      """)

  /// A lease that was damaged by hand is nobody's.
  private static let prelude = """
    #!lua flags=allow-oom
    local seat, worker, nonce = KEYS[1], ARGV[1], ARGV[2]

    local function holder()
      if redis.call('TYPE', seat).ok ~= 'hash' or redis.call('PTTL', seat) < 0 then return nil end
      local fields = redis.call('HMGET', seat, 'worker', 'nonce', 'counter', 'term')
      local counter, term = tonumber(fields[3]), tonumber(fields[4])
      if not fields[1] or not fields[2] or not counter or not term then return nil end
      return { worker = fields[1], nonce = fields[2], counter = counter, term = term }
    end

    local function is_mine(held) return held.worker == worker and held.nonce == nonce end

    local function write(term)
      local time = redis.call('TIME')
      local since = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
      redis.call('DEL', seat)
      redis.call('HSET', seat, 'worker', worker, 'nonce', nonce, 'counter', 1, 'term', term, 'since', since)
    end


    """

  static func campaign(
    _ worker: WorkerID, nonce: UInt64, over: LeaderElection.Seat?, lifetime: Duration
  ) -> RedisScript.Call {
    RedisScript.Call(
      campaign, key: Keys.leader,
      [
        worker.rawValue, String(nonce), String(lifetime.milliseconds), over.map { String($0.nonce) } ?? "",
        over.map { String($0.counter) } ?? "",
      ])
  }

  static func extend(_ worker: WorkerID, _ leadership: Leadership, lifetime: Duration) -> RedisScript.Call {
    RedisScript.Call(
      extend, key: Keys.leader,
      [worker.rawValue, String(leadership.nonce), String(lifetime.milliseconds), leadership.term.description])
  }

  static func resign(nonce: UInt64) -> RedisScript.Call {
    RedisScript.Call(resign, key: Keys.leader, [String(nonce)])
  }

  static func publish(_ assignment: Assignment) -> RedisScript.Call {
    let wishes = assignment.wishes.sorted { $0.key < $1.key }.flatMap { [$0.key.description, $0.value.rawValue] }
    return RedisScript.Call(
      publish, key: Keys.assignment, [assignment.term.description, String(assignment.generation)] + wishes)
  }
}
