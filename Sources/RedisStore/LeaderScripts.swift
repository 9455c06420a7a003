internal import Market
internal import Ports
internal import Redis
internal import Sharding

/// Takes, extends and gives up the leader's lease, and writes the leader's wishes, each in one step on the server.
///
/// What is damaged counts as absent (``KeyRule/leader``, ``KeyRule/assignment``). Flagged `allow-oom` as the leases of shards
/// are.
enum LeaderScripts {
  private static let campaign = RuledScript(
    name: "campaign", rule: .leader,
    prelude + """
      local lifetime, seen_nonce, seen_counter = ARGV[3], ARGV[4], ARGV[5]
      local held = holder()
      local is_as_seen = held and held.nonce == seen_nonce and held.counter == tonumber(seen_counter)
      if held and not is_mine(held) and not is_as_seen then return { 0, damaged } end
      if not held or not is_mine(held) then write(0) end
      redis.call('PEXPIRE', seat, lifetime)
      return { 1, damaged }
      """)

  /// A lease that a wipe lost is written again; of two that both lead, the one of the later term does.
  private static let extend = RuledScript(
    name: "extend", rule: .leader,
    prelude + """
      local lifetime, term = ARGV[3], ARGV[4]
      local held = holder()
      if held and not is_mine(held) and held.term >= tonumber(term) then return { 0, damaged } end
      if held and is_mine(held) then
        redis.call('HSET', seat, 'term', term)
        redis.call('HINCRBY', seat, 'counter', 1)
      else
        write(term)
      end
      redis.call('PEXPIRE', seat, lifetime)
      return { 1, damaged }
      """)

  /// Take away what is damaged.
  static let clear = [
    RuledScript(name: "clear_leader", rule: .leader, "return { 1, damaged }").call(Keys.leader),
    RuledScript(name: "clear_assignment", rule: .assignment, "return { 1, damaged }").call(Keys.assignment),
  ]

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

  /// Wishes of a later term, or of the same term and a later generation, stay, unless they are those that the caller names
  /// and knows to be a lie.
  private static let publish = RuledScript(
    name: "publish", rule: .assignment,
    """
    local assignment, term, generation = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
    local seen_term, seen_generation = tonumber(ARGV[3]), tonumber(ARGV[4])
    local stored = redis.call('HMGET', assignment, 'term', 'generation')
    local stored_term, stored_generation = tonumber(stored[1]), tonumber(stored[2])
    if stored_term and not (stored_term == seen_term and stored_generation == seen_generation) then
      if stored_term > term then return { 0, damaged } end
      if stored_term == term and stored_generation > generation then return { 0, damaged } end
    end
    redis.call('DEL', assignment)
    redis.call('HSET', assignment, 'term', ARGV[1], 'generation', ARGV[2])
    for index = 5, #ARGV, 2 do redis.call('HSET', assignment, ARGV[index], ARGV[index + 1]) end
    return { 1, damaged }
    """)

  private static let prelude = """
    local seat, worker, nonce = KEYS[1], ARGV[1], ARGV[2]

    local function holder()
      local fields = redis.call('HMGET', seat, 'worker', 'nonce', 'counter', 'term')
      if not fields[1] then return nil end
      return { worker = fields[1], nonce = fields[2], counter = tonumber(fields[3]), term = tonumber(fields[4]) }
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
  ) -> RuledScript.Call {
    campaign.call(
      Keys.leader,
      [
        worker.rawValue, String(nonce), String(lifetime.milliseconds), over.map { String($0.nonce) } ?? "",
        over.map { String($0.counter) } ?? "",
      ])
  }

  static func extend(_ worker: WorkerID, _ leadership: Leadership, lifetime: Duration) -> RuledScript.Call {
    extend.call(
      Keys.leader,
      [worker.rawValue, String(leadership.nonce), String(lifetime.milliseconds), leadership.term.description])
  }

  static func resign(nonce: UInt64) -> RedisScript.Call {
    RedisScript.Call(resign, key: Keys.leader, [String(nonce)])
  }

  static func publish(_ assignment: Assignment, over lie: Assignment?) -> RuledScript.Call {
    let wishes = assignment.wishes.sorted { $0.key < $1.key }.flatMap { [$0.key.description, $0.value.rawValue] }
    let seen = [lie.map { $0.term.description } ?? "", lie.map { String($0.generation) } ?? ""]
    return publish.call(Keys.assignment, [assignment.term.description, String(assignment.generation)] + seen + wishes)
  }
}
