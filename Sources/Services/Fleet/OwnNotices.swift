internal import Lifecycle

/// What a process itself has noticed of late, for its findings: it comes as events and is forgotten after a while.
public final class OwnNotices: Sendable {
  /// How long an event is remembered.
  static let memory = Duration.seconds(600)

  private struct State {
    var refusedEntries: [(at: Duration, count: Int)] = []
    var damagedKeys: [(at: Duration, count: Int)] = []
  }

  private let state = Lock(State())
  private let clock: @Sendable () -> Duration

  /// Has noticed nothing yet.
  /// - Parameter clock: A clock that only moves forward.
  public init(clock: @escaping @Sendable () -> Duration) { self.clock = clock }

  /// Stream entries were refused.
  public func refusedEntries(_ count: Int = 1) {
    let now = clock()
    state.withLock { $0.refusedEntries.note(count, at: now) }
  }

  /// Keys were found damaged and replaced.
  public func damagedKeys(_ count: Int = 1) {
    let now = clock()
    state.withLock { $0.damagedKeys.note(count, at: now) }
  }

  /// What is remembered.
  public var counts: FleetHealth.OwnCounts {
    let now = clock()
    return state.withLock { state in
      var counts = FleetHealth.OwnCounts()
      counts.refusedEntries = state.refusedEntries.sum(at: now)
      counts.damagedKeys = state.damagedKeys.sum(at: now)
      return counts
    }
  }
}

extension [(at: Duration, count: Int)] {
  /// A second is one element, so that a flood costs no more memory than a trickle.
  fileprivate mutating func note(_ count: Int, at now: Duration) {
    if let last, now - last.at < .seconds(1) {
      self[self.count - 1].count += count
    } else {
      append((now, count))
    }
    removeAll { now - $0.at >= OwnNotices.memory }
  }

  fileprivate func sum(at now: Duration) -> Int64 {
    Int64(filter { now - $0.at < OwnNotices.memory }.reduce(0) { $0 + $1.count })
  }
}
