/// Asks a store whether it is there.
public protocol StoreProbe: Sendable {
  /// Asks once. It may take as long as the store likes.
  /// - Returns: Why it cannot be used; nil when it can.
  func ask() async -> String?
}
