internal import Lifecycle

/// A key that was damaged and has been replaced.
public struct DamagedKey: Hashable, Sendable {
  /// Its name.
  public var key: String
  /// What was wrong with it, in words.
  public var reason: String

  /// Names a key.
  public init(key: String, reason: String) {
    self.key = key
    self.reason = reason
  }
}

/// Hears of damaged keys. Whoever takes one away tells of it, so each damage is told once.
public final class DamageReports: Sendable {
  private let hearer = Lock<(@Sendable (DamagedKey) -> Void)?>(nil)

  /// Hears nothing until ``hear(_:)``.
  public init() {}

  /// Has damage told to `hearer`, which must not block.
  public func hear(_ hearer: @escaping @Sendable (DamagedKey) -> Void) { self.hearer.withLock { $0 = hearer } }

  /// Whether anybody hears: who has nobody to tell only reads, and leaves damage to those who have.
  var isHeard: Bool { hearer.withLock { $0 != nil } }

  func report(_ key: DamagedKey) { hearer.withLock { $0 }?(key) }
}
