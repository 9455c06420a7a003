public import Market

/// Tells gateways that accounts have news, so that they look at once. It may lose, repeat and delay: what the news are, and
/// whether there are any, the ledger tells.
public protocol EventWakeUps: Sendable {
  /// Says that these accounts have news.
  func notify(_ accounts: [AccountNumber]) async throws(StreamError)

  /// Hands on what others say until the task is canceled; waits patiently while nothing can be heard.
  func follow(_ notified: @escaping @Sendable ([AccountNumber]) async -> Void) async
}
