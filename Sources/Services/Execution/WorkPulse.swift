internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// What a worker's lane shows of itself while it is busy: one command may mean very much work, and nobody who keeps its leases and
/// its heartbeat may wait for the lane meanwhile.
public final class WorkPulse: Sendable {
  /// What is held, as the lane last left it.
  struct View: Sendable {
    var ownerships: [Ownership] = []
    var tallies: [Shard: ShardTally] = [:]
    /// Total time in rounds that had something to settle.
    var busy = Duration.zero
    /// How long the latest settlement took to commit.
    var commit = Duration.zero
  }

  private struct State {
    var view = View()
    var lastProgress = ContinuousClock().now
    var unreachableSince: ContinuousClock.Instant?
  }

  private let state = Lock(State())

  /// That of a lane which has just begun.
  public init() {}

  /// Notes that something has come of the work in hand: a round has ended, or the database has answered a part of what it was sent.
  public func progressed() {
    let now = ContinuousClock().now
    state.withLock { $0.lastProgress = now }
  }

  /// Notes that the database could not be reached.
  func missedDatabase() {
    let now = ContinuousClock().now
    state.withLock { $0.unreachableSince = $0.unreachableSince ?? now }
  }

  /// Notes that it answers.
  func reachedDatabase() { state.withLock { $0.unreachableSince = nil } }

  /// Whether it is not known to be reachable.
  var isMissingDatabase: Bool { state.withLock { $0.unreachableSince != nil } }

  func show(_ view: View) { state.withLock { $0.view = view } }

  var view: View { state.withLock { $0.view } }

  /// Whether nothing has come of the work for longer than any answer should take, or the database has not been reached for so long
  /// that others should try: they may reach it.
  func isAiling(_ settings: ExecutionSettings) -> Bool {
    let now = ContinuousClock().now
    return state.withLock { state in
      now - state.lastProgress > settings.stuckAfter
        || state.unreachableSince.map { now - $0 > settings.unreachableAfter } ?? false
    }
  }
}
