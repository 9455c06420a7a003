import Redis
import TestKit
import Testing

/// Redis loses, refuses, distorts or withholds what it should carry.
extension FaultRow {
  static let redis: [FaultRow] =
    [
      FaultRow(number: 9, name: "FLUSHALL", topology: .redis, subject: .redis, keepsOwners: true) { stand in
        try await stand.redis("FLUSHALL")
      },
      FaultRow(
        number: 9, name: "FLUSHALL every second", topology: .redis, subject: .redis, times: 4, keepsOwners: true
      ) { stand in
        for _ in 0..<4 {
          try await stand.redis("FLUSHALL")
          try await Task.sleep(for: .seconds(1))
        }
      },
      FaultRow(number: 10, name: "Redis killed, empty after 1 s", topology: .redis, subject: .redis) { stand in
        stand.stack.redis.stop()
        try await Task.sleep(for: .seconds(1))
        try stand.stack.redis.start()
      },
      FaultRow(number: 10, name: "Redis killed, started with an old dump", topology: .redis, subject: .redis) { stand in
        try await stand.redis("SAVE")
        try await Task.sleep(for: .milliseconds(1500))
        stand.stack.redis.stop()
        try stand.stack.redis.start(withDump: true)
      },
      FaultRow(
        number: 11, name: "Redis frozen for 4 s", topology: .redis, subject: .redis, after: .seconds(1)
      ) { stand in
        stand.stack.redis.pause()
        try await Task.sleep(for: .seconds(4))
        stand.stack.redis.resume()
      },
      FaultRow(number: 14, name: "Redis out of memory for 3 s", topology: .redis, subject: .redis) { stand in
        try await stand.redis("CONFIG", "SET", "maxmemory", "100kb")
        try await Task.sleep(for: .seconds(3))
        try await stand.redis("CONFIG", "SET", "maxmemory", "0")
      },
      FaultRow(number: 14, name: "Redis read-only for 3 s", topology: .redis, subject: .redis) { stand in
        try await stand.redis("REPLICAOF", "127.0.0.1", "1")
        try await Task.sleep(for: .seconds(3))
        try await stand.redis("REPLICAOF", "NO", "ONE")
      },
    ]
    + tampering + distortion + forgery

  /// Keys that somebody has laid hands on.
  private static let tampering: [FaultRow] = [
    tampered("leases deleted", keepsOwners: true) { stand in
      for shard in 0..<ScratchStack.instruments { try await stand.redis("DEL", "bw:{s\(shard)}:lease") }
    },
    tampered("leases overwritten with garbage", keepsOwners: true) { stand in
      for shard in 0..<ScratchStack.instruments {
        let key = "bw:{s\(shard)}:lease"
        let garbage = [
          "'SET', KEYS[1], 'garbage'",
          "'HSET', KEYS[1], 'owner', '', 'nonce', 'x', 'counter', '-', 'epoch', '1e99'",
          "'RPUSH', KEYS[1], '1', '2'",
        ]
        // At once: its owner would renew it in between.
        try await stand.redis(
          "EVAL", "redis.call('DEL', KEYS[1]) return redis.call(\(garbage[shard % 3]))", "1", key)
      }
    },
    tampered("leases forged for a worker that is not there") { stand in
      for shard in 0..<ScratchStack.instruments {
        let key = "bw:{s\(shard)}:lease"
        try await stand.redis("DEL", key)
        try await stand.redis(
          "HSET", key, "owner", "ghost-1-x", "nonce", "1", "counter", "1", "epoch", "99999999", "state", "owned",
          "since", "1764000000000", "processed", "1")
        try await stand.redis("PEXPIRE", key, "60000")
      }
    },
    tampered("heartbeats deleted and overwritten") { stand in
      let names = try await stand.redis("ZRANGE", "bw:workers", "0", "-1").array ?? []
      for (number, name) in names.compactMap(\.text).enumerated() {
        try await stand.redis("DEL", "bw:worker:\(name)")
        if number % 2 == 0 { try await stand.redis("SET", "bw:worker:\(name)", "garbage", "PX", "2000") }
      }
      try await stand.redis("DEL", "bw:workers")
    },
    tampered("leader deleted, then overwritten") { stand in
      try await stand.redis("DEL", "bw:leader")
      try await Task.sleep(for: .milliseconds(500))
      try await stand.redis("SET", "bw:leader", "garbage")
    },
    tampered("assignment deleted, then overwritten") { stand in
      try await stand.redis("DEL", "bw:assignment")
      try await Task.sleep(for: .milliseconds(500))
      try await stand.redis("SET", "bw:assignment", "garbage")
      try await Task.sleep(for: .milliseconds(500))
      try await stand.redis("DEL", "bw:assignment")
      try await stand.redis(
        "HSET", "bw:assignment", "term", "x", "generation", "", "0", "nobody", "99999", "who", "-", "")
    },
    tampered("list of workers and streams of another type") { stand in
      try await stand.redis("SET", "bw:workers", "garbage", "PX", "2000")
      for shard in 0..<ScratchStack.instruments { try await stand.redis("SET", "bw:{s\(shard)}:orders", "garbage") }
      try await Task.sleep(for: .seconds(1))
      for shard in 0..<ScratchStack.instruments { try await stand.redis("DEL", "bw:{s\(shard)}:orders") }
    },
  ]

  private static func tampered(_ name: String, keepsOwners: Bool = false, _ inject: @escaping Step) -> FaultRow {
    FaultRow(
      number: 8, name: name, topology: .redis, subject: .redis, after: .seconds(1), keepsOwners: keepsOwners,
      inject: inject)
  }

  /// What streams deliver is not what was published: good entries twice, late or not at all, and others that are none.
  private static let distortion: [FaultRow] = [
    distorted("repeated", "add(key, seq, cmd, mac)"),
    distorted("dropped", "redis.call('XDEL', key, last[1])"),
    distorted("reordered", "redis.call('XDEL', key, last[1]); add(key, seq, cmd, mac)"),
    distorted(
      "malformed",
      """
      add(key, 'x' .. seq, cmd, mac)
      add(key, seq, 'place nonsense', mac)
      redis.call('XADD', key, '*', 'what', 'ever')
      add(key, '99999999999999999999999', cmd, mac)
      """),
    distorted("far ahead", "add(key, seq + 1000000, cmd, mac)"),
    distorted("far behind", "add(key, 1, cmd, mac)"),
    distorted("another shard's", "add(neighbour, seq, cmd, mac)"),
  ]

  private static func distorted(_ name: String, _ change: String) -> FaultRow {
    FaultRow(
      number: 15, name: "stream entries \(name)", topology: .redis, subject: .redis, times: 50, keepsOwners: true
    ) { stand in
      try await changeStreams(stand, name, change)
    }
  }

  /// What no publisher wrote, in the words of one: it is never carried out, and is counted.
  static let forgery: [FaultRow] = [
    forged(
      "order with the next number", causes: ["unsigned", "wrong_signature", "unknown_key"],
      """
      local order = string.gsub(
        string.match(cmd, 'place (%x+%-%x+%-%x+%-%x+%-%x+)') or '', '%-7%x%x%x%-%x%x%x%x%-', '-7aaa-aaaa-')
      local account, instrument = string.match(cmd, ' acct=(%d+) inst=(%d+) ')
      if order ~= '' and account then
        local history = string.match(cmd, ' in=%d+$') or ''
        local text = 'place ' .. order .. ' acct=' .. account .. ' inst=' .. instrument
          .. ' buy 90 @ 100 limit gtc stp=newest at=1764000000000000' .. history
        redis.call('XADD', key, '*', 'seq', seq + 1, 'cmd', text)
        add(key, seq + 1, text, mac)
        add(key, seq + 2, text, '9' .. (mac or ''))
      end
      """),
    forged(
      "cancel with the next number", causes: ["unsigned", "wrong_signature"],
      """
      local order = string.match(cmd, 'place (%x+%-%x+%-%x+%-%x+%-%x+)')
      local account, instrument = string.match(cmd, ' acct=(%d+) inst=(%d+) ')
      if order and account then
        local text = 'cancel ' .. order .. ' row=' .. seq .. ' acct=' .. account .. ' inst=' .. instrument
          .. ' at=1764000000000000' .. (string.match(cmd, ' in=%d+$') or '')
        redis.call('XADD', key, '*', 'seq', seq + 1, 'cmd', text)
        add(key, seq + 1, text, mac)
      end
      """),
    forged(
      "tampered with", causes: ["wrong_signature"],
      """
      redis.call('XDEL', key, last[1])
      add(key, seq, string.gsub(cmd, ' acct=(%d+)', ' acct=100000001'), mac)
      add(key, seq, string.gsub(cmd, ' @ %d', ' @ 9'), mac)
      """),
    forged(
      "replayed under another number and in another shard", causes: ["wrong_signature"],
      "add(key, seq + 1, cmd, mac); add(neighbour, seq + 1, cmd, mac)"),
    forged(
      "of another history", causes: ["wrong_signature"],
      "add(key, seq + 1, string.gsub(cmd, ' in=%d+$', ' in=7'), mac)"),
  ]

  private static func forged(_ name: String, causes: [String], _ change: String) -> FaultRow {
    FaultRow(
      number: 50, name: "stream entries \(name)", topology: .redis, subject: .redis, times: 50, keepsOwners: true
    ) { stand in
      let before = stand.refusals()
      try await changeStreams(stand, name, change)
      for cause in causes {
        _ = try await eventually("entries refused as \(cause)") {
          stand.refusals()[cause, default: 0] > before[cause, default: 0] ? true : nil
        }
      }
    } expect: { stand, _ in
      let line = "stream entries are refused"
      #expect(stand.workers.contains { $0.process.log.contains(line) }, "an operator is told")
      let orders = try stand.number("SELECT count(*) FROM orders WHERE order_id::text LIKE '%-7aaa-aaaa-%'")
      #expect(orders == 0)
    }
  }

  /// Does something with the latest entries of all streams again and again for a second. (A script on one server sees all
  /// keys.)
  private static func changeStreams(_ stand: FaultStand, _ name: String, _ change: String) async throws {
    let script = """
      local function add(key, seq, cmd, mac) redis.call('XADD', key, '*', 'seq', seq, 'cmd', cmd, 'mac', mac or '') end
      local found = 0
      for shard = 0, \(ScratchStack.instruments - 1) do
        local key = 'bw:{s' .. shard .. '}:orders'
        local neighbour = 'bw:{s' .. (shard + 1) % \(ScratchStack.instruments) .. '}:orders'
        local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
        if last and last[2][2] and tonumber(last[2][2]) and last[2][3] == 'cmd' then
          local seq, cmd, mac = last[2][2], last[2][4], last[2][6]
          found = found + 1
          \(change)
        end
      end
      return found
      """
    var changed: Int64 = 0
    for _ in 0..<50 {
      changed += try await stand.redis("EVAL", script, "0").integer ?? 0
      try await Task.sleep(for: .milliseconds(20))
    }
    guard changed > 0 else { throw ChildProcess.Failure(description: "no stream had an entry to be \(name)") }
  }
}

extension FaultStand {
  /// How many entries all processes have refused, by cause.
  func refusals() -> [String: Int] {
    var sums: [String: Int] = [:]
    for port in stack.admins {
      let text = HTTPCaller(port: port, key: "", secret: "").call("GET", "/metrics")?.body ?? ""
      for line in text.split(separator: "\n") {
        guard line.hasPrefix("buttonwood_stream_entries_refused_total{cause=\""),
          let count = line.split(separator: " ").last
        else { continue }
        let cause = line.dropFirst("buttonwood_stream_entries_refused_total{cause=\"".count).prefix { $0 != "\"" }
        sums[String(cause), default: 0] += Int(count) ?? 0
      }
    }
    return sums
  }
}
