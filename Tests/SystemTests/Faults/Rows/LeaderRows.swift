import Glibc
import Postgres
import Redis
import TestKit
import Testing

/// The leader dies, freezes or is cut off: matching goes on, another leads, and the old one's writes are refused.
extension FaultRow {
  static let leader: [FaultRow] = [
    FaultRow(number: 6, name: "leader killed", topology: .leader, subject: .leader, after: .seconds(1)) { stand in
      let term = try stand.term()
      try await stand.kill(stand.leader())
      try await stand.untilTerm(after: term)
    },
    FaultRow(
      number: 6, name: "leader frozen until another leads", topology: .leader, subject: .leader, after: .seconds(1)
    ) { stand in
      try await stand.depose { leader in
        leader.process.signal(SIGSTOP)
      } heal: {
        $0.process.signal(SIGCONT)
      }
    },
    FaultRow(
      number: 6, name: "leader cut off from Redis until another leads", topology: .leader, subject: .leader,
      after: .seconds(1)
    ) { stand in
      try await stand.depose {
        $0.place.links?.redis.become(.cut)
      } heal: {
        $0.place.links?.redis.become(.sound)
      }
    },
    FaultRow(number: 6, name: "leader killed while it moves shards", topology: .leader, times: 2, after: .seconds(1)) {
      stand in
      // A new worker makes the leader wish for something.
      for _ in 0..<2 {
        let term = try stand.term()
        let leader = try await stand.leader()
        let moves = leader.process.log.matches(of: /wished shards elsewhere/).count
        try await stand.addWorker()
        _ = try await eventually("the leader's wishes") {
          leader.process.log.matches(of: /wished shards elsewhere/).count > moves ? true : nil
        }
        try await stand.kill(leader)
        try await stand.untilTerm(after: term)
      }
    },
  ]
}

extension FaultStand {
  /// The latest term in PostgreSQL.
  fileprivate func term() throws -> Int64 { try number("SELECT coalesce(max(term), 0) FROM leadership") }

  /// The term of the leader that Redis knows; nil when there is none or Redis does not answer.
  private func termInRedis() async -> Int64? { try? await redis("HGET", "bw:leader", "term").integer }

  /// Waits until somebody else has been elected and says so.
  fileprivate func untilTerm(after old: Int64) async throws {
    _ = try await eventually("a new leader") {
      await self.termInRedis().flatMap { $0 > old ? true : nil }
    }
  }

  /// Disables the leader until another is elected, lets it come back, and sees that its term stays over.
  fileprivate func depose(_ disable: (Worker) -> Void, heal: (Worker) -> Void) async throws {
    let old = try number("SELECT term FROM leadership")
    let nonce = try number("SELECT nonce FROM leadership")
    let leader = try await leader()
    disable(leader)
    try await untilTerm(after: old)
    let new = try term()
    heal(leader)
    try await Task.sleep(for: .seconds(1))
    let written = try await redis("HGET", "bw:assignment", "term").integer ?? new
    #expect(written >= new, "a deposed leader's wishes came through")
    var connection = try stack.postgres.connect()
    do throws(PostgresError) {
      try connection.execute("SELECT hold_term(\(old), \(nonce))")
      Issue.record("a deposed leader could write")
    } catch {
      #expect(error.state == "BW002")
    }
  }
}
