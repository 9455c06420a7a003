import Glibc
import TestKit
import Testing

/// Redis holds what no program of the exchange has written.
extension FaultRow {
  static let hostile: [FaultRow] =
    [
      FaultRow(
        number: 51, name: "values of all kinds under every key", topology: .redis, times: 3_000,
        after: .milliseconds(10)
      ) { stand in
        let seed = variable("BUTTONWOOD_FAULT_SEED").flatMap { UInt64($0) } ?? .random(in: 0...99_999_999)
        print("fault: hostile values, seed \(seed)")
        fflush(nil)
        try await withoutLosses(stand) {
          var keys = HostileKeys(stand, seed: seed)
          try await HostileKeys.exhaustStreams(of: stand)
          try await HostileKeys.haunt(stand)
          try await showStatus(stand, "ghosts")
          _ = try await eventually("the end of the ghosts") { () -> Bool? in
            try await HostileKeys.all(of: stand).contains { $0.contains("ghost") } ? nil : true
          }
          for _ in 0..<6 {
            try await keys.write(500)
            try await showStatus(stand, "seed \(seed)")
          }
          let healed = try await SoundKeys.wait(stand, "seed \(seed)")
          print("fault: hostile values healed after \(healed)")
        }
      }
    ] + damages.map { damaged($0.name, $0.commands) }

  /// What is done to a lease, and to the leader's likewise: `KEY` stands for it.
  private static let damages: [(name: String, commands: [[String]])] = [
    ("a word", [["SET", "KEY", "x", "PX", "3600000"]]),
    ("a foreign nonce", [["HSET", "KEY", "nonce", "x"], ["PEXPIRE", "KEY", "3600000"]]),
    (
      "a high epoch and a foreign nonce",
      [["HSET", "KEY", "nonce", "x", "epoch", "99999999", "term", "99999999"], ["PEXPIRE", "KEY", "3600000"]]
    ),
    (
      "an epoch beyond all numbers",
      [["HSET", "KEY", "epoch", "1e400", "term", "9223372036854775807"], ["PEXPIRE", "KEY", "3600000"]]
    ),
    ("nothing but a nonce", [["DEL", "KEY"], ["HSET", "KEY", "nonce", "1"], ["PEXPIRE", "KEY", "3600000"]]),
    ("a long life", [["PEXPIRE", "KEY", "3600000"]]),
    (
      "a ghost's name, well-formed",
      [
        ["DEL", "KEY"],
        [
          "HSET", "KEY", "owner", "ghost-1-x", "worker", "ghost-1-x", "nonce", "1", "counter", "1", "epoch", "99999999",
          "term",
          "99999999", "state", "owned", "since", "1764000000000", "processed", "1",
        ],
        ["PEXPIRE", "KEY", "600000"],
      ]
    ),
  ]

  private static func damaged(_ what: String, _ commands: [[String]]) -> FaultRow {
    FaultRow(
      number: 52, name: "leases given \(what) for an hour", topology: .redis, after: .milliseconds(10)
    ) { stand in
      try await withoutLosses(stand) {
        let keys = try ["bw:leader"] + stand.cursors().map { "bw:{s\($0.shard)}:lease" }
        for key in keys {
          // In one step: its holder would renew it in between.
          let script = commands.map { words in
            "redis.call(" + words.map { $0 == "KEY" ? "KEYS[1]" : "'\($0)'" }.joined(separator: ", ") + ")"
          }
          try await stand.redis("EVAL", script.joined(separator: "\n"), "1", key)
        }
        let healed = try await SoundKeys.wait(stand, what)
        print("fault: leases given \(what) healed after \(healed)")
      }
    }
  }

  /// Whoever shows what Redis says must live as well.
  private static func showStatus(_ stand: FaultStand, _ what: String) async throws {
    let (status, text) = try await stand.stack.run(["status"], within: 60)
    #expect(status == 0, "\(what): \(text.suffix(2000))")
  }

  /// Does something that no process may end of.
  private static func withoutLosses(_ stand: FaultStand, _ body: () async throws -> Void) async throws {
    let before = stand.workers.map(\.process) + stand.gateways.map(\.server.process)
    try await body()
    for process in before {
      #expect(process.exitStatus == nil, "a process has ended: \(process.log.suffix(3000))")
    }
  }
}
