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
    + tampering + distortion

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

  /// What streams deliver is not what was published.
  private static let distortion: [FaultRow] = [
    distorted("repeated", "redis.call('XADD', key, '*', 'seq', seq, 'cmd', cmd)"),
    distorted("dropped", "redis.call('XDEL', key, last[1])"),
    distorted(
      "reordered", "redis.call('XDEL', key, last[1]); redis.call('XADD', key, '*', 'seq', seq, 'cmd', cmd)"),
    distorted(
      "malformed",
      """
      redis.call('XADD', key, '*', 'seq', 'x' .. seq, 'cmd', cmd)
      redis.call('XADD', key, '*', 'seq', seq, 'cmd', 'place nonsense')
      redis.call('XADD', key, '*', 'what', 'ever')
      redis.call('XADD', key, '*', 'seq', '99999999999999999999999', 'cmd', cmd)
      """),
    distorted("far ahead", "redis.call('XADD', key, '*', 'seq', seq + 1000000, 'cmd', cmd)"),
    distorted("far behind", "redis.call('XADD', key, '*', 'seq', 1, 'cmd', cmd)"),
    distorted(
      "another shard's",
      "redis.call('XADD', 'bw:{s' .. (shard + 1) % \(ScratchStack.instruments) .. '}:orders', '*', 'seq', seq, 'cmd', cmd)"
    ),
  ]

  /// Changes the latest entries of all streams again and again for a second. (A script on one server sees all keys.)
  private static func distorted(_ name: String, _ change: String) -> FaultRow {
    FaultRow(
      number: 15, name: "stream entries \(name)", topology: .redis, subject: .redis, times: 50, keepsOwners: true
    ) { stand in
      let script = """
        local found = 0
        for shard = 0, \(ScratchStack.instruments - 1) do
          local key = 'bw:{s' .. shard .. '}:orders'
          local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
          if last and last[2][2] and tonumber(last[2][2]) and last[2][3] == 'cmd' then
            local seq, cmd = last[2][2], last[2][4]
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
}
