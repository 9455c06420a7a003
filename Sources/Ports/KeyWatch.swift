/// Hears of changed API keys as they are committed.
package protocol KeyWatch: Sendable {
  /// Listens until the task is canceled. While the ledger is away nothing is heard; every new connection begins by saying that
  /// anything may have changed.
  func run(_ onChange: @Sendable (KeyChange) -> Void) async
}

/// What may have changed.
package enum KeyChange: Hashable, Sendable {
  /// The key of this id.
  case key(String)
  /// Any key may have changed.
  case unknown
}
