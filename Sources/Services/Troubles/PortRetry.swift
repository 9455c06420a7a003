public import Lifecycle

/// When something that failed is tried again: after pauses that double with every failure in a row, drawn with full jitter.
public struct PortRetry: Sendable {
  private let backoff: Backoff
  /// Failures in a row.
  public private(set) var failures = 0
  private var restsUntil: ContinuousClock.Instant?

  /// Has not failed yet.
  public init(_ backoff: Backoff) { self.backoff = backoff }

  /// Whether it is too early.
  public func isResting(now: ContinuousClock.Instant) -> Bool { restsUntil.map { now < $0 } ?? false }

  /// It failed.
  /// - Parameter random: Any bits.
  /// - Returns: How long to wait.
  @discardableResult
  public mutating func failed(now: ContinuousClock.Instant, random: UInt64) -> Duration {
    failures += 1
    let pause = backoff.rest(afterFailures: failures, random: random)
    restsUntil = now + pause
    return pause
  }

  /// It went well.
  public mutating func succeeded() { (failures, restsUntil) = (0, nil) }
}
