import Glibc
import TestKit
import Testing

/// Workers die, freeze, leave and come.
extension FaultRow {
  static let worker: [FaultRow] =
    [
      FaultRow(
        number: 1, name: "worker killed while idle", topology: .fleet, load: .afterwards, after: .seconds(2)
      ) { try await $0.kill($0.workers.randomElement()!) },
      FaultRow(
        number: 1, name: "worker killed under load", topology: .fleet, subject: .workers, after: .seconds(2)
      ) { try await $0.kill($0.workers.randomElement()!) },
      FaultRow(number: 1, name: "worker killed at handover.released", topology: .fleet, after: .seconds(1)) { stand in
        // It gets shards, and then gives them away.
        let fragile = try await stand.addWorker(killPoint: "handover.released")
        _ = try await eventually("the shards of a new worker") {
          // In work, and not only claimed: what is not worked yet is just given back.
          fragile.process.log.contains("claimed a shard") ? true : nil
        }
        fragile.process.signal(SIGTERM)
        try await untilKilled(fragile.process)
      },
    ]
    + ["settle.matched:5", "settle.committed:5", "settle.untrimmed:5", "handover.claimed"].map { place in
      FaultRow(number: 1, name: "worker killed at \(place)", topology: .fleet) { stand in
        let fragile = try await stand.addWorker(killPoint: place)
        try await untilKilled(fragile.process)
      }
    }
    + ["claim.leased", "claim.won"].map { place in
      FaultRow(number: 1, name: "worker killed at \(place)", topology: .fleet) { stand in
        for worker in stand.workers { try await stand.kill(worker) }
        let fragile = try await stand.addWorker(killPoint: place)
        try await untilKilled(fragile.process)
      }
    }
    + [
      FaultRow(
        number: 2, name: "worker frozen for 4 s, then awake", topology: .fleet, subject: .workers, after: .seconds(1)
      ) { stand in
        let worker = stand.workers.randomElement()!
        worker.process.signal(SIGSTOP)
        try await Task.sleep(for: .seconds(4))
        worker.process.signal(SIGCONT)
        _ = try await eventually("a frozen worker's notice of its loss") {
          worker.process.log.contains("fenced") || worker.process.log.contains("lost a lease") ? true : nil
        }
        guard worker.process.exitStatus == nil else {
          throw ChildProcess.Failure(description: "a frozen worker ended: \(worker.process.log.suffix(2000))")
        }
      },
      FaultRow(
        number: 3, name: "worker frozen for half its lease", topology: .gateways, times: 3, after: .seconds(1),
        keepsOwners: true
      ) { stand in
        for _ in 0..<3 {
          let worker = stand.workers.randomElement()!
          worker.process.signal(SIGSTOP)
          try await Task.sleep(for: .milliseconds(750))
          worker.process.signal(SIGCONT)
          try await Task.sleep(for: .seconds(1))
        }
      },
      FaultRow(number: 7, name: "all workers killed, two started", topology: .fleet, after: .seconds(1)) { stand in
        for worker in stand.workers { try await stand.kill(worker) }
        for _ in 0..<2 { try await stand.addWorker() }
        try await stand.untilOwned()
      },
    ]

  /// The fleet grows, shrinks and is replaced under load; load that is unevenly spread.
  static let fleet: [FaultRow] = [
    FaultRow(
      number: 28, name: "every worker and gateway replaced, one by one", topology: .fleet, times: 4
    ) { stand in
      for worker in stand.workers {
        try await stand.addWorker()
        try await stand.stopWorker(worker)
      }
      for gateway in stand.gateways {
        try await stand.addGateway()
        try await stand.stopGateway(gateway.server)
      }
    } expect: { _, records in
      #expect(records.reduce(0) { $0 + $1.deferred } == 0, "clients were sent away during a rolling restart")
    },
    FaultRow(
      number: 28, name: "worker told to stop", topology: .fleet, subject: .workers
    ) { try await $0.stopWorker($0.workers.randomElement()!) },
    FaultRow(number: 29, name: "from 1 worker to 4 and back to 1", topology: .fleet, times: 7) { stand in
      try await stand.stopWorker(stand.workers[0])
      for _ in 0..<3 { try await stand.addWorker() }
      _ = try await eventually("shards of all four") {
        Set(try stand.cursors().compactMap(\.owner)).count == 4 ? true : nil
      }
      for worker in stand.workers.dropFirst() { try await stand.stopWorker(worker) }
    },
    FaultRow(
      number: 30, name: "one symbol at a hundred times the others", topology: .fleet,
      load: .trading(.init(heat: 13)), after: .seconds(2)
    ) { _ in },
    FaultRow(
      number: 20, name: "two accounts through two gateways and two workers", topology: .gateways,
      load: .trading(.init(accounts: 2)), after: .seconds(2), keepsOwners: true
    ) { _ in },
  ]
}
