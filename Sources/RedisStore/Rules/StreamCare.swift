internal import Ports
internal import Redis

/// Replaces streams that are damaged: of another type, or with a last identifier that no clock gives, behind which there may
/// be no room. What was in them is lost: every stream may be, and its readers begin anew.
enum StreamCare {
  private static let script = RuledScript(name: "tend-stream", rule: .stream, "return { 1, damaged }")

  static func call(_ key: String) -> RuledScript.Call { script.call(key) }

  /// Whether an answer of `XADD` shows that its stream is damaged.
  static func isSuspicious(_ reply: RedisValue) -> Bool {
    switch reply {
    case .refusal(let refusal): return isDamage(refusal)
    case .bytes(let id): return StreamPosition(id)?.isFromAClock == false
    case .null, .integer, .array: return false
    }
  }

  /// Whether a command on a stream was refused for what the key holds: another type, or no room behind the last entry.
  static func isDamage(_ refusal: RedisRefusal) -> Bool {
    refusal.code == "WRONGTYPE" || refusal.code == "ERR" && refusal.message.contains("exhausted the last possible ID")
  }
}

extension RedisClient {
  /// Appends entries to streams. Streams that turn out to be damaged are replaced, and what they refused is sent once more.
  func append(
    _ entries: [(key: String, command: RedisCommand)], repeatable: Bool = true, reports: DamageReports
  ) throws(RedisError) {
    var rest = entries
    for isLast in [false, true] {
      let replies = try send(rest.map(\.command), repeatable: repeatable)
      let suspects = Set(zip(rest, replies).filter { StreamCare.isSuspicious($1) }.map(\.0.key))
      _ = try run(suspects.sorted().map { StreamCare.call($0) }, reports: reports)
      let refused = zip(rest, replies).filter { $1.isRefusedForDamage }.map(\.0)
      for reply in replies where isLast || !reply.isRefusedForDamage { _ = try reply.accepted() }
      guard !refused.isEmpty else { return }
      rest = refused
    }
  }
}

extension RedisValue {
  fileprivate var isRefusedForDamage: Bool {
    guard case .refusal(let refusal) = self else { return false }
    return StreamCare.isDamage(refusal)
  }
}
