internal import Lifecycle

/// A process of the simulated exchange, as its stores see it: it may stop for a while at any of its calls, or for good.
///
/// A call of a process that has stopped does not come back: whoever waits for it stands still, as a process that was killed
/// or suspended does.
package final class SimulatedProcess: Sendable {
  private enum Condition {
    case running
    case frozen
    case dead
    /// Nobody is interested in it any more: its calls fail, so that its tasks end.
    case buried
  }

  private struct State {
    var condition = Condition.running
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  /// Its name in traces.
  package let name: String
  private let state = Lock(State())

  /// A process that runs.
  package init(_ name: String) { self.name = name }

  /// Whether it has neither stopped nor died.
  package var isRunning: Bool { state.withLock { $0.condition == .running } }
  /// Whether it has been killed.
  package var isDead: Bool { state.withLock { $0.condition == .dead || $0.condition == .buried } }

  /// Whether nobody is interested in it any more.
  package var isBuried: Bool { state.withLock { $0.condition == .buried } }

  /// Stops it at its next calls, until ``thaw()``.
  package func freeze() { state.withLock { if $0.condition == .running { $0.condition = .frozen } } }

  /// Lets it go on.
  package func thaw() { goOn(as: .running, from: [.frozen]) }

  /// Kills it: its next calls never come back.
  package func kill() { state.withLock { if $0.condition != .buried { $0.condition = .dead } } }

  /// Ends what is left of it; what its tasks do from now on concerns nobody.
  package func bury() { goOn(as: .buried, from: [.running, .frozen, .dead]) }

  private func goOn(as condition: Condition, from conditions: [Condition]) {
    let waiters = state.withLock { state in
      guard conditions.contains(state.condition) else { return [CheckedContinuation<Void, Never>]() }
      state.condition = condition
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Waits while the process stands still.
  /// - Returns: Whether it goes on.
  package func goesOn() async -> Bool {
    while true {
      let condition = state.withLock { $0.condition }
      switch condition {
      case .running: return true
      case .buried: return false
      case .frozen, .dead:
        await withCheckedContinuation { waiter in
          let isLate = state.withLock { state in
            guard state.condition == .frozen || state.condition == .dead else { return true }
            state.waiters.append(waiter)
            return false
          }
          if isLate { waiter.resume() }
        }
      }
    }
  }
}
