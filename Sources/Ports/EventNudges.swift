public import Market

/// Tells gateways that accounts have news, so that they look at once. It may lose, repeat and delay: what the news are, and
/// whether there are any, the ledger tells.
public protocol EventNudges: Sendable {
  /// Says that these accounts have news.
  func nudge(_ accounts: [AccountNumber]) async throws(StreamError)

  /// Hands on what others say until the task is cancelled; waits patiently while nothing can be heard.
  func follow(_ told: @escaping @Sendable ([AccountNumber]) async -> Void) async
}
