internal import Lifecycle
internal import Market
internal import Ports

/// What has moved in accounts since the last close. What was executed is summed up once: later questions ask only for what
/// came behind it, so that an account that trades all day is looked at as fast as one that does not.
final class DayMovements: Sendable {
  private struct Known {
    var moment: Timestamp
    var executed: [AccountMovement]
    /// The last event among them.
    var through: Timestamp
  }

  private let history: any AccountActivityReader
  /// Most accounts; when it is reached all are forgotten.
  private let capacity: Int
  private let known = Lock<[AccountNumber: Known]>([:])

  init(history: any AccountActivityReader, capacity: Int = 50_000) {
    self.history = history
    self.capacity = capacity
  }

  /// - Parameter through: The last event that counts. Who was quicker may know of later ones: then it is summed up anew.
  func movements(
    of account: AccountNumber, since moment: Timestamp, through: Timestamp
  ) async throws(StoreError) -> [AccountMovement] {
    let before = known.withLock { $0[account] }.flatMap { $0.moment == moment && $0.through <= through ? $0 : nil }
    let recent = try await history.recentMovements(
      of: account, since: moment, behind: before?.through, through: through
    ).joined(after: before?.executed ?? [], through: before?.through)
    if let through = recent.through {
      keep(Known(moment: moment, executed: recent.executed, through: through), account)
    }
    return recent.executed + recent.external
  }

  private func keep(_ new: Known, _ account: AccountNumber) {
    known.withLock { known in
      if let old = known[account], old.moment == new.moment, old.through >= new.through { return }
      if known.count >= capacity { known.removeAll(keepingCapacity: true) }
      known[account] = new
    }
  }
}
