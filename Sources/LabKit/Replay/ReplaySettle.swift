internal import Lifecycle
package import Market

/// Reads what a run's orders became, once the matcher has taken them up.
package struct ReplaySettle: Sendable {
  /// How long the matcher is waited for.
  package static let patience: Duration = .seconds(30)
  /// The pause between two looks.
  private static let pause: Duration = .milliseconds(100)

  private let listing: OrderListing
  private let accounts: Int

  /// Looks through `listing` at accounts 0 to `accounts` − 1.
  package init(_ listing: OrderListing, accounts: Int) {
    self.listing = listing
    self.accounts = accounts
  }

  /// Cancels all open orders of the accounts and waits until they are gone, at most ``patience``.
  /// - Returns: whether they are gone.
  package func clear(_ client: TradingClient) async throws(TradingClientError) -> Bool {
    let deadline = Self.deadline
    for account in 0..<accounts { try await client.cancelAll(account: account) }
    for account in 0..<accounts {
      while try await !listing.isClear(account: account) {
        guard HostClock.monotonicNanoseconds() < deadline else { return false }
        try? await Task.sleep(for: Self.pause)
      }
    }
    return true
  }

  private static var deadline: Int64 { HostClock.monotonicNanoseconds() + patience.wholeNanoseconds }

  /// Waits until nothing of the run is pending, at most ``patience``, and sums up its orders.
  package func summary(
    run: String, since start: Timestamp, keepsFills: Bool
  ) async throws(TradingClientError) -> FillSummary {
    let deadline = Self.deadline
    for account in 0..<accounts {
      while try await !listing.isLatestTakenUp(account: account), HostClock.monotonicNanoseconds() < deadline {
        try? await Task.sleep(for: Self.pause)
      }
    }
    while true {
      var summary = FillSummary(run: run, keepsFills: keepsFills)
      for account in 0..<accounts {
        try await listing.forEach(account: account, after: start) { summary.take($0) }
      }
      guard summary.pending > 0, HostClock.monotonicNanoseconds() < deadline else { return summary }
      try? await Task.sleep(for: Self.pause)
    }
  }
}
