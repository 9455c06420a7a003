import Lifecycle
import TestKit
import Testing

/// Faults at random, several at once, on one exchange that lives as long as is asked for in BUTTONWOOD_SOAK_MINUTES.
/// BUTTONWOOD_SOAK_SEED chooses the faults.
struct FaultSoak {
  /// Rounds from one look at the books to the next.
  private static let roundsPerCheck = 8

  @Test(.enabled(if: variable("BUTTONWOOD_SOAK_MINUTES") != nil)) func nothingIsLostHoweverFaultsComeTogether()
    async throws
  {
    let minutes = try #require(variable("BUTTONWOOD_SOAK_MINUTES").flatMap { Int64($0) })
    let seed = variable("BUTTONWOOD_SOAK_SEED").flatMap { UInt64($0) } ?? .random(in: 0...99_999)
    print("fault: soak of \(minutes) minutes, seed \(seed)")
    var random = SeededRandom(seed: seed)
    let stand = try await FaultStand(.soak)
    let end = HostClock.monotonicNanoseconds() + minutes * 60_000_000_000
    var round = 0
    while true {
      round += 1
      let isLast = HostClock.monotonicNanoseconds() >= end
      let isJudged = isLast || round % Self.roundsPerCheck == 0
      let row = Self.together(&random)
      print("fault: round \(round): \(row.name)")
      guard try await stand.run(row, isStrict: false, isJudged: isJudged) else {
        Issue.record("found after round \(round), \(row.name); seed \(seed)")
        return
      }
      if isLast { return }
    }
  }

  /// One to three faults that lay hands on different things, as one row.
  private static func together(_ random: inout SeededRandom) -> FaultRow {
    var rows: [FaultRow] = []
    for _ in 0..<random.number(1...3) {
      let row = random.pick(FaultRow.all.filter { $0.subject != nil })
      if rows.allSatisfy({ $0.subject!.isApart(from: row.subject!) }) { rows.append(row) }
    }
    let chosen = rows
    return FaultRow(
      number: 0, name: chosen.map(\.title).joined(separator: " + "), topology: .soak, times: chosen.count
    ) { stand in
      await withThrowingTaskGroup(of: Void.self) { group in
        for row in chosen { group.addTask { try await row.inject(stand) } }
        // One that another has spoilt must not cut the others short: they undo what they do.
        while let result = await group.nextResult() {
          if case .failure(let error) = result { print("fault: spoilt: \(error)") }
        }
      }
    }
  }
}

extension FaultRow.Subject {
  /// Whether faults of both may be injected at once.
  fileprivate func isApart(from other: FaultRow.Subject) -> Bool {
    // The leader is a worker, and a frozen worker cannot be told from one whose links are cut.
    let workers: [FaultRow.Subject] = [.workers, .leader, .links]
    return self != other && !(workers.contains(self) && workers.contains(other))
  }
}
