import TestKit
import Testing

/// Links between one role and its servers break without a word, or become slow.
extension FaultRow {
  static let links: [FaultRow] = [
    FaultRow(
      number: 4, name: "worker cut off from Redis for 4 s", topology: .links, subject: .links, after: .seconds(1)
    ) { stand in
      try await stand.cut(stand.workers.randomElement()!, for: .seconds(4)) { $0.redis.become($1) }
    },
    FaultRow(
      number: 4, name: "worker cut off from PostgreSQL for 4 s", topology: .links, subject: .links, after: .seconds(1)
    ) { stand in
      try await stand.cut(stand.workers.randomElement()!, for: .seconds(4)) { $0.postgres.become($1) }
    },
    FaultRow(
      number: 4, name: "worker cut off from both for 4 s", topology: .links, subject: .links, after: .seconds(1)
    ) { stand in try await stand.cut(stand.workers.randomElement()!, for: .seconds(4)) { $0.become($1) } },
    FaultRow(
      number: 4, name: "worker cut off from PostgreSQL until others own its shards", topology: .links,
      after: .seconds(1)
    ) { stand in
      let worker = stand.workers.randomElement()!
      worker.place.links?.postgres.become(.cut)
      _ = try await eventually("a take-over from a worker without PostgreSQL", seconds: 60) {
        try stand.cursors().allSatisfy { $0.owner != worker.process.pid } ? true : nil
      }
    },
    FaultRow(
      number: 5, name: "worker hears nothing of either server for 3 s", topology: .links, subject: .links,
      after: .seconds(1)
    ) { stand in
      let worker = stand.workers.randomElement()!
      worker.place.links?.become(.deafened)
      try await Task.sleep(for: .seconds(3))
      worker.place.links?.become(.sound)
    },
    FaultRow(
      number: 5, name: "all links slow by 200 ms, with stalls", topology: .links, subject: .links, times: 3,
      after: .seconds(1)
    ) { stand in
      let links = (stand.workers.map(\.place) + stand.gateways.map(\.place)).compactMap(\.links)
      for _ in 0..<3 {
        for link in links { link.become(.slow(milliseconds: 200)) }
        try await Task.sleep(for: .milliseconds(1500))
        for link in links { link.become(.cut) }
        try await Task.sleep(for: .milliseconds(300))
      }
      for link in links { link.become(.sound) }
    },
    FaultRow(
      number: 5, name: "gateway cut off from both for 3 s", topology: .links, subject: .links, after: .seconds(1)
    ) { stand in
      let links = stand.gateways.randomElement()!.place.links
      links?.become(.cut)
      try await Task.sleep(for: .seconds(3))
      links?.become(.sound)
    },
  ]
}

extension FaultStand {
  fileprivate func cut(
    _ worker: Worker, for span: Duration, _ change: (FaultLinks, ScratchLink.Condition) -> Void
  ) async throws {
    guard let links = worker.place.links else { return }
    change(links, .cut)
    try await Task.sleep(for: span)
    change(links, .sound)
  }
}
