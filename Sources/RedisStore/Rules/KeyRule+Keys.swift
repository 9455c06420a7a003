/// What each key of ``Keys`` may hold.
extension KeyRule {
  /// The lease of a shard.
  static let lease = KeyRule(
    kind: .hash(
      [
        Field("owner", .name), Field("nonce", .bits), Field("counter", .count), Field("epoch", .count),
        Field("state", .word), Field("since", .count), Field("processed", .count), .optional("successor", .name),
        .optional("successor_nonce", .bits),
      ]), expires: true)

  /// The leader's lease.
  static let leader = KeyRule(
    kind: .hash(
      [
        Field("worker", .name), Field("nonce", .bits), Field("counter", .count), Field("term", .count),
        Field("since", .count),
      ]), expires: true)

  /// What the leader assigns: a field for each shard beside these. Which shards and whom is looked at by who reads it.
  static let assignment = KeyRule(
    kind: .hash([Field("term", .count), Field("generation", .count)], most: Int(Int16.max) + 3), expires: false)

  /// What a worker says of itself.
  static let worker = KeyRule(
    kind: .hash(
      [
        Field("host", .text(256)), Field("pid", .number(digits: 10)), Field("version", .text(256)),
        Field("started", .large), Field("admin", .text(512)), Field("state", .word), Field("beat", .bits),
        Field("loads", .text(2_000_000)), Field("busy_permille", .count), Field("redis_us", .count),
        Field("commit_us", .count), .optional("server", .text(64)), .optional("client", .large),
      ]), expires: true)

  /// The list of workers.
  static let workers = KeyRule(kind: .sortedSet(most: 10_000), expires: false)

  /// What an operator has told a worker.
  static let order = KeyRule(kind: .string(longest: 32), expires: true)

  /// Streams of all kinds.
  static let stream = KeyRule(kind: .stream, expires: false)

  /// The latest state of an instrument: a field for each level beside these.
  static let marketState = KeyRule(
    kind: .hash(
      [Field("seq", .count), Field("at", .large), Field("crc", .number(digits: 10)), Field("quote", .text(256))],
      most: 1_000_000), expires: false)

  /// The mark of who keeps a shard's states.
  static let marketMark = KeyRule(kind: .string(longest: 20), expires: true)
}
