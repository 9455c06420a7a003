internal import Market
internal import Ports
internal import Redis
internal import Sharding

/// Takes, extends and gives up the leader's lease, and writes the leader's targets, each in one step on the server.
///
/// What is damaged counts as absent (``KeyRule/leader``, ``KeyRule/assignment``). Flagged `allow-oom` as the leases of shards
/// are.
enum LeaderScripts {
  private static let campaign = RuledScript(name: "campaign", rule: .leader, LeaseLua.leader.take())
  private static let extend = RuledScript(name: "extend", rule: .leader, LeaseLua.leader.extend())
  private static let resign = LeaseLua.release(name: "resign")

  /// Take away what is damaged.
  static let clear = [
    RuledScript(name: "clear_leader", rule: .leader, "return { 1, damaged }").call(Keys.leader),
    RuledScript(name: "clear_assignment", rule: .assignment, "return { 1, damaged }").call(Keys.assignment),
  ]

  /// Targets of a later term, or of the same term and a later generation, stay, unless they are those that the caller names
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
    let targets = assignment.targets.sorted { $0.key < $1.key }.flatMap { [$0.key.description, $0.value.rawValue] }
    let seen = [lie.map { $0.term.description } ?? "", lie.map { String($0.generation) } ?? ""]
    return publish.call(Keys.assignment, [assignment.term.description, String(assignment.generation)] + seen + targets)
  }
}
