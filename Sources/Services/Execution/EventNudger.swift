internal import Accounting
internal import Lifecycle
internal import Market
internal import Ports

/// Nudges in the background, the accounts of all settlements since the last call in one: a slow Redis delays no round. What
/// cannot be said is left unsaid.
final class EventNudger: Sendable {
  /// Accounts that wait at most; beyond it gateways find the news themselves.
  private static let mostWaiting = 100_000

  private let nudges: any EventNudges
  private let report: @Sendable (WorkerEvent) -> Void
  private let queue = BackgroundQueue<Set<AccountNumber>>()
  private let isDown = Lock(false)

  init(nudges: any EventNudges, report: @escaping @Sendable (WorkerEvent) -> Void) {
    self.nudges = nudges
    self.report = report
  }

  func nudge(_ commits: [ShardCommit]) {
    queue.add(sending: { [self] in await send($0) }) { waiting in
      for commit in commits where waiting.count < Self.mostWaiting {
        for event in commit.settlement.events { waiting.insert(event.account) }
      }
    }
  }

  private func send(_ accounts: Set<AccountNumber>) async {
    do throws(StreamError) {
      try await nudges.nudge(accounts.sorted())
      isDown.withLock { $0 = false }
    } catch {
      let wasDown = isDown.withLock { isDown in
        defer { isDown = true }
        return isDown
      }
      if !wasDown { report(.nudgesUnavailable(reason: error.reason)) }
    }
  }
}
