internal import Redis

/// A script over one key that takes the key away first when it is damaged, and then does its work as if it were absent.
struct RuledScript: Sendable {
  /// What came of a run.
  struct Answer {
    /// What the script says.
    let value: RedisValue
    /// What was wrong with the key that was taken away; nil when nothing was.
    let damage: String?

    /// Whether it says yes.
    var isYes: Bool { value == .integer(1) }
  }

  /// One run.
  struct Call {
    let script: RedisScript.Call
    let key: String
  }

  private let script: RedisScript

  /// - Parameters:
  ///   - body: Lua that ends with `return { answer, damaged }`. `KEYS[1]` keeps the rule when it begins.
  ///   - isUrgent: Whether it may run on a server whose memory is full.
  init(name: String, rule: KeyRule, isUrgent: Bool = true, _ body: String) {
    script = RedisScript(
      name: name,
      source: """
        #!lua\(isUrgent ? " flags=allow-oom" : "")
        \(rule.lua)heal(KEYS[1])

        \(body)
        """)
  }

  func call(_ key: String, _ arguments: [String] = []) -> Call {
    Call(script: RedisScript.Call(script, key: key, arguments), key: key)
  }
}

extension RedisClient {
  /// Sends commands that only read, and returns their replies in order. When they are longer than any value may be, who has
  /// somebody to tell takes away what is damaged of the keys, so that the next reading succeeds.
  func read(
    _ commands: [RedisCommand], tending calls: [RuledScript.Call], reports: DamageReports
  ) throws(RedisError) -> [RedisValue] {
    do throws(RedisError) {
      return try send(commands)
    } catch {
      if case .malformedReply = error, reports.isHeard { _ = try run(calls, reports: reports) }
      throw error
    }
  }

  /// Runs scripts in one go, tells of the damage they found, and returns their answers in order.
  func run(_ calls: [RuledScript.Call], reports: DamageReports) throws(RedisError) -> [RuledScript.Answer] {
    var answers: [RuledScript.Answer] = []
    answers.reserveCapacity(calls.count)
    for (call, reply) in zip(calls, try run(calls.map(\.script))) {
      let parts = try reply.accepted().array ?? []
      guard parts.count == 2 else { throw .malformedReply(reason: "a script gave no answer") }
      let damage = parts[1].text.flatMap { $0.isEmpty ? nil : $0 }
      if let damage { reports.report(DamagedKey(key: call.key, reason: damage)) }
      answers.append(RuledScript.Answer(value: parts[0], damage: damage))
    }
    return answers
  }
}
