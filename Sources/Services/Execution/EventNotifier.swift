internal import Accounting
internal import Lifecycle
internal import Market
internal import Ports

/// Wake-ups in the background, the accounts of all settlements since the last call in one: a slow Redis delays no round. What
/// cannot be said is left unsaid.
final class EventNotifier: Sendable {
  /// Accounts that wait at most; beyond it gateways find the news themselves.
  private static let mostWaiting = 100_000

  private let wakeUps: any EventWakeUps
  private let report: @Sendable (WorkerEvent) -> Void
  private let queue = BackgroundQueue<Set<AccountNumber>>()
  private let isDown = Lock(false)

  init(wakeUps: any EventWakeUps, report: @escaping @Sendable (WorkerEvent) -> Void) {
    self.wakeUps = wakeUps
    self.report = report
  }

  func notify(_ commits: [ShardCommit]) {
    queue.add(sending: { [self] in await send($0) }) { waiting in
      for commit in commits where waiting.count < Self.mostWaiting {
        for event in commit.settlement.events { waiting.insert(event.account) }
      }
    }
  }

  private func send(_ accounts: Set<AccountNumber>) async {
    do throws(StreamError) {
      try await wakeUps.notify(accounts.sorted())
      isDown.withLock { $0 = false }
    } catch {
      let wasDown = isDown.withLock { isDown in
        defer { isDown = true }
        return isDown
      }
      if !wasDown { report(.wakeUpsUnavailable(reason: error.reason)) }
    }
  }
}
