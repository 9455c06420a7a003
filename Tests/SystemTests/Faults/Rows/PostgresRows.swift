import Glibc
import Postgres
import TestKit
import Testing

/// PostgreSQL goes away, hangs, or has no place left; connections are cut in the middle of a commit.
extension FaultRow {
  static let postgres: [FaultRow] =
    [ScratchPostgres.Stop.fast, .immediate].map { how in
      FaultRow(
        number: 16, name: "PostgreSQL stopped (\(how)), started after 1 s", topology: .postgres, subject: .postgres,
        after: .seconds(1)
      ) { stand in
        try await stand.stack.postgres.stop(how)
        try await Task.sleep(for: .seconds(1))
        try await stand.stack.postgres.start()
      }
    } + [
      FaultRow(
        number: 17, name: "PostgreSQL frozen for 5 s", topology: .postgres, subject: .postgres, after: .seconds(1)
      ) { stand in
        try stand.stack.postgres.signalAll(SIGSTOP)
        try await Task.sleep(for: .seconds(5))
        try stand.stack.postgres.signalAll(SIGCONT)
      },
      FaultRow(number: 22, name: "14 connections for 3 s", topology: .postgres, after: .seconds(1)) { stand in
        let postgres = stand.stack.postgres
        try await postgres.stop(.fast)
        try await postgres.start(mostConnections: 14)
        try await Task.sleep(for: .seconds(3))
        try await postgres.stop(.fast)
        try await postgres.start()
        #expect(stand.workers.count == 2 && stand.gateways.count == 2, "a role ended for lack of connections")
      },
      FaultRow(
        number: 16, name: "all connections ended by an operator", topology: .postgres, subject: .postgres, times: 5
      ) { stand in
        for _ in 0..<5 {
          _ = try stand.number(
            """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'buttonwood%'
            """)
          try await Task.sleep(for: .milliseconds(400))
        }
      },
      FaultRow(number: 37, name: "three migrations at once, one killed", topology: .postgres, times: 5) { stand in
        try await stand.migrateFromThreePlaces()
      },
    ]

  static let commits: [FaultRow] = [
    FaultRow(
      number: 18, name: "gateway's connection cut at COMMIT", topology: .commits, times: 10, after: .seconds(1)
    ) { try await $0.cut($0.gatewayCutter!) },
    FaultRow(
      number: 18, name: "worker's connection cut at a settlement", topology: .commits, times: 10, after: .seconds(1)
    ) { try await $0.cut($0.workerCutter!) },
  ]
}

extension FaultStand {
  /// Cuts ten times, every other time before the server has seen anything.
  fileprivate func cut(_ cutter: CuttingProxy) async throws {
    for _ in 0..<10 {
      let cuts = cutter.cuts
      cutter.arm(cuts: 1)
      _ = try await eventually("a cut") { cutter.cuts > cuts ? true : nil }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  /// Migrates fresh databases from three places at once, of which one is killed at some moment.
  fileprivate func migrateFromThreePlaces() async throws {
    for round in 0..<5 {
      var connection = try stack.postgres.connect()
      try connection.execute("CREATE DATABASE fresh_\(round)")
      let url = stack.postgres.url.replacing("dbname=postgres", with: "dbname=fresh_\(round)")
      let places = try (0..<3).map { _ in try stack.launch(["migrate"], environment: ["DATABASE_URL": url]) }
      try await Task.sleep(for: .milliseconds(40 * (round + 1)))
      try await places[0].stop(SIGKILL)
      for place in places[1...] { #expect(try await place.end(within: 60) == 0, "\(place.log)") }
      let (status, text) = try await stack.run(["migrate"], environment: ["DATABASE_URL": url])
      #expect(status == 0, "\(text)")
      let (audited, report) = try await stack.run(["audit"], environment: ["DATABASE_URL": url])
      #expect(audited == 0, "\(report)")
    }
  }
}
