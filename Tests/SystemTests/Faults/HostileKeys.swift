import Redis
import TestKit

/// Writes values of all kinds under every key that an exchange keeps in Redis: extreme, malformed, binary, of other types,
/// and well-formed in the wrong place. A seed says which.
struct HostileKeys {
  private let stand: FaultStand
  private var random: SeededRandom
  private var keys: [String] = []

  init(_ stand: FaultStand, seed: UInt64) {
    self.stand = stand
    random = SeededRandom(seed: seed)
  }

  /// Writes `count` times. Whatever the exchange has written by then is met: the keys are looked up again and again, so that
  /// none is forgotten.
  mutating func write(_ count: Int) async throws {
    for number in 0..<count {
      if number % 100 == 0 { keys = try await HostileKeys.all(of: stand) }
      try await spoil(pick(keys))
    }
  }

  /// Puts an entry with the last identifier of all into every stream: behind it nothing can follow.
  static func exhaustStreams(of stand: FaultStand) async throws {
    for key in try await all(of: stand)
    where key.hasSuffix(":orders") || key.hasSuffix(":market") || key.hasPrefix("bw:events:")
      || key == "bw:history"
    {
      _ = try await stand.redisReply(
        ["XADD", key, "18446744073709551615-18446744073709551615", "seq", "1", "cmd", "x"], [])
    }
  }

  /// Lists workers that are not there, one for each extreme value of each field of a heartbeat that is sound otherwise.
  static func haunt(_ stand: FaultStand) async throws {
    let sound = [
      ("host", "h"), ("pid", "7"), ("version", "1.0"), ("started", "1764000000000000"), ("admin", "127.0.0.1:1"),
      ("state", "active"), ("beat", "42"), ("loads", "0:1/2/3"), ("busy_permille", "0"), ("redis_us", "99"),
      ("commit_us", "4000"),
    ]
    for (index, field) in sound.enumerated() {
      for (number, text) in texts.enumerated() {
        let name = "ghost-\(index)-\(number)"
        let fields = sound.flatMap { $0.0 == field.0 ? [$0.0, text] : [$0.0, $0.1] }
        _ = try await stand.redisReply(["HSET", "bw:worker:\(name)"] + fields, [])
        _ = try await stand.redisReply(["PEXPIRE", "bw:worker:\(name)", "4000"], [])
        _ = try await stand.redisReply(["ZADD", "bw:workers", "9999999999999", name], [])
      }
    }
  }

  /// All keys of the exchange, and those that operators write.
  static func all(of stand: FaultStand) async throws -> [String] {
    var keys: Set<String> = []
    var cursor = "0"
    repeat {
      let reply = try await stand.redis("SCAN", cursor, "MATCH", "bw:*", "COUNT", "1000").array ?? []
      cursor = reply.first?.text ?? "0"
      keys.formUnion(reply.last?.array?.compactMap(\.text) ?? [])
    } while cursor != "0"
    // A worker's orders stand there for a moment only.
    keys.formUnion(keys.filter { $0.hasPrefix("bw:worker:") && !$0.hasSuffix(":order") }.map { "\($0):order" })
    return keys.sorted()
  }

  private mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int(random.next() % UInt64(elements.count))]
  }

  /// Does something to a key. Redis refuses some of it, and that is as good.
  private mutating func spoil(_ key: String) async throws {
    switch random.next() % 12 {
    case 0: try await send(["SET", key], text())
    case 1: try await send(["SET", key, "x", "PX", pick(Self.lives)])
    case 2:
      try await send(["DEL", key])
      try await send([pick(["LPUSH", "SADD"]), key], text())
    case 3:
      try await send(["DEL", key])
      try await send(["ZADD", key, pick(["inf", "-inf", "1e308", "0", "9223372036854775807"])], text())
    case 4: try await send(["PEXPIRE", key, pick(Self.lives)])
    case 5: try await send([pick(["PERSIST", "DEL"]), key])
    case 6: try await send(["COPY", pick(keys), key, "REPLACE"])
    case 7: try await send(["XADD", key, pick(Self.positions), pick(["seq", "accounts", "symbol", "event"])], text())
    case 8:
      try await send(["XADD", key, pick(Self.positions), "seq", pick(Self.texts), "cmd"], text())
    case 9: try await send(["HSET", key, pick(Self.fields)], text())
    default:
      // One field of what is there, the rest as it was.
      let fields = try await read(["HGETALL", key]).array ?? []
      guard fields.count >= 2 else { return try await send(["HSET", key, pick(Self.fields)], text()) }
      let field = fields[2 * Int(random.next() % UInt64(fields.count / 2))]
      try await send(["HSET", key, field.text ?? ""], text())
      if random.next() % 2 == 0 { try await send(["PEXPIRE", key, pick(Self.lives)]) }
    }
  }

  private func read(_ words: [String]) async throws -> RedisValue { try await stand.redisReply(words, []) }

  private func send(_ words: [String], _ last: [UInt8]? = nil) async throws {
    _ = try await stand.redisReply(words, last.map { [$0] } ?? [])
  }

  private mutating func text() -> [UInt8] {
    switch random.next() % 8 {
    case 0: return (0..<(random.next() % 40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    case 1: return Array(repeating: UInt8(33 + random.next() % 90), count: Int(random.next() % 20_000))
    case 2: return Array(String(random.next()).utf8)
    default: return Array(pick(Self.texts).utf8)
    }
  }

  private static let lives = ["1", "900", "1500", "60000", "600000", "3600000", "999999999999", "9223372036854"]
  private static let positions = [
    "*", "1-1", "18446744073709551615-18446744073709551615", "18446744073709551615-7", "10000000000000-0",
    "9999999999999-1",
  ]
  private static let fields = [
    "owner", "nonce", "counter", "epoch", "state", "since", "processed", "successor", "successor_nonce", "worker",
    "term",
    "generation", "0", "1", "99999", "-1", "odd", "host", "pid", "version", "started", "admin", "beat", "loads",
    "busy_permille", "redis_us", "commit_us", "server", "client", "seq", "at", "crc", "quote", "b100", "a-1",
  ]
  private static let texts = [
    "", "0", "1", "-1", "+1", "01", " 1", "1.5", "1e3", "1e400", "nan", "inf", "0x10", "9223372036854775807",
    "-9223372036854775808", "9223372036854775808", "18446744073709551615", "18446744073709551616", "999999999999999",
    "1000000000000000", "2147483648", "32767", "32768", "host-1-a", "a:b", "é", "a\u{0}b", "\n", "owned", "claiming",
    "active",
    "ailing", "0:1/1/1", "32767:1/1/1", "0:999999999999/999999999999/999999999999", "127.0.0.1:1", "[::1]:99999",
    "17@1764000000000000:100.05x300/-", "place", "cancel",
  ]
}

/// What an exchange at rest has in Redis, seen from outside.
enum SoundKeys {
  /// What is not as it should be; none when all is.
  static func complaints(_ stand: FaultStand) async throws -> [String] {
    var complaints: [String] = []
    let workers = stand.workers.map(\.process.pid)
    func check(_ isRight: Bool, _ what: String) { if !isRight { complaints.append(what) } }
    func isLease(_ key: String, _ holder: String) async throws -> Bool {
      let name = try await stand.redisReply(["HGET", key, holder], []).text ?? ""
      let left = try await stand.redisReply(["PTTL", key], []).integer ?? -1
      return process(of: name).map { workers.contains($0) } ?? false && (0...1_500).contains(left)
    }
    check(try await isLease("bw:leader", "worker"), "bw:leader")
    let shards = try stand.cursors().map(\.shard)
    for shard in shards {
      check(try await isLease("bw:{s\(shard)}:lease", "owner"), "bw:{s\(shard)}:lease")
    }
    let listed = try await stand.redisReply(["ZRANGE", "bw:workers", "0", "-1"], []).array?.compactMap(\.text) ?? []
    check(Set(listed.map { process(of: $0) }) == Set(workers) && listed.count == workers.count, "bw:workers: \(listed)")
    let targets = try await stand.redisReply(["HGETALL", "bw:assignment"], []).array?.count ?? 0
    check(targets == 2 * (2 + shards.count), "bw:assignment: \(targets)")
    for key in try await HostileKeys.all(of: stand) {
      let type = try await stand.redisReply(["TYPE", key], []).text ?? ""
      let expected: Set<String>
      switch key {
      case "bw:leader", "bw:assignment": expected = ["hash"]
      case "bw:workers": expected = ["zset"]
      case _ where key.hasSuffix(":order"): expected = ["none"]
      case _ where key.hasPrefix("bw:worker:"): expected = ["hash"]
      case _ where key.hasSuffix(":lease") || key.contains(":md:"): expected = ["hash", "none"]
      case _ where key.hasSuffix(":md"): expected = ["string", "none"]
      default: expected = ["stream"]
      }
      check(expected.contains(type), "\(key) is a \(type)")
      guard type == "stream" else { continue }
      let facts = try await stand.redisReply(["XINFO", "STREAM", key], [])
      let last = facts["last-generated-id"]?.text ?? ""
      check(last.prefix { $0 != "-" }.count <= 13, "\(key) ends at \(last)")
    }
    return complaints
  }

  /// Waits until all is as it should be.
  /// - Returns: how long that took.
  static func wait(_ stand: FaultStand, _ what: String) async throws -> Duration {
    let begun = ContinuousClock().now
    var last: [String] = []
    do {
      _ = try await eventually("sound keys") { () -> Bool? in
        last = try await complaints(stand)
        return last.isEmpty ? true : nil
      }
    } catch {
      throw ChildProcess.Failure(description: "\(what): after 30 s these are not as they should be: \(last)")
    }
    return ContinuousClock().now - begun
  }
}
