internal import Accounting
internal import Lifecycle
internal import Market
internal import Ports

/// Nudges in the background, the accounts of all settlements since the last call in one: a slow Redis delays no round. What
/// cannot be said is left unsaid.
final class EventNudger: Sendable {
  /// Accounts that wait at most; beyond it gateways find the news themselves.
  private static let mostWaiting = 100_000

  private struct State {
    var waiting: Set<AccountNumber> = []
    var isWorking = false
    var isDown = false
  }

  private let nudges: any EventNudges
  private let report: @Sendable (WorkerEvent) -> Void
  private let state = Lock(State())

  init(nudges: any EventNudges, report: @escaping @Sendable (WorkerEvent) -> Void) {
    self.nudges = nudges
    self.report = report
  }

  func nudge(_ commits: [ShardCommit]) {
    let begins = state.withLock { state in
      for commit in commits where state.waiting.count < Self.mostWaiting {
        for event in commit.settlement.events { state.waiting.insert(event.account) }
      }
      guard !state.waiting.isEmpty, !state.isWorking else { return false }
      state.isWorking = true
      return true
    }
    if begins { Task { await work() } }
  }

  private func work() async {
    while true {
      let accounts = state.withLock { state in
        let accounts = state.waiting
        state.waiting = []
        state.isWorking = !accounts.isEmpty
        return accounts
      }
      guard !accounts.isEmpty else { return }
      do {
        try await nudges.nudge(accounts.sorted())
        state.withLock { $0.isDown = false }
      } catch {
        let isNew = state.withLock { state in
          defer { state.isDown = true }
          return !state.isDown
        }
        if isNew { report(.nudgesUnavailable(reason: error.reason)) }
      }
    }
  }
}
