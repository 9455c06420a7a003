public import Market

/// The clock that all processes of an exchange share.
public protocol DatabaseClock: Sendable {
  /// The moment at which the question was answered.
  func moment() async throws(StoreError) -> Timestamp
}
