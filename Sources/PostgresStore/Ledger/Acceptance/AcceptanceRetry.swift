internal import Lifecycle
internal import Postgres

/// Decides whether a batch whose transaction failed before its commit was sent is tried again: after conflicts a few times,
/// each after a longer pause, and once after a connection that may have died while nobody used it, or whose server has
/// become a standby.
struct AcceptanceRetry {
  /// How often a batch is tried again after a deadlock or the like.
  static let conflicts = 5
  /// Bounds of the pauses between these tries.
  static let backoff = Backoff(base: .milliseconds(20), ceiling: .milliseconds(320))

  private var conflicts = 0
  private var hasReconnected = false

  /// The pause before the next try; nil when there is none.
  mutating func pause(after error: PostgresError, random: UInt64) -> Duration? {
    if error.mayServeElsewhere, !hasReconnected {
      hasReconnected = true
      return .zero
    }
    guard error.isConflict, conflicts < Self.conflicts else { return nil }
    conflicts += 1
    return Self.backoff.pause(afterFailures: conflicts, random: random)
  }
}

extension PostgresError {
  /// Whether a new connection, perhaps to another server, may do at once.
  fileprivate var mayServeElsewhere: Bool {
    if case .connectionLost = self { return true }
    return isReadOnly
  }
}
