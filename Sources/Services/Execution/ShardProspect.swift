internal import Engine
internal import Market
internal import Ports

/// What can be done of a shard in work now. Whether there is anything to wait for and what is done are the same question, so
/// that no loop runs without doing anything.
enum ShardProspect: Hashable, Sendable {
  /// How it stands has to be asked.
  case ask
  /// Its log has to be read.
  case read
  /// Its next commands are there and go into a batch.
  case batch
  /// Its next command is there and is worked alone.
  case alone(Caution.Step)
  /// Nothing.
  case idle
}

extension ExecutionLane.Holding {
  /// What can be done now.
  /// - Parameter mayWork: Whether commands may be carried out; reading goes on without.
  func prospect(now: ContinuousClock.Instant, mayWork: Bool) -> ShardProspect {
    guard let caution else { return retry.isResting(now: now) ? .idle : .ask }
    guard inbox.isRunnable(after: engine.cursor) else {
      return needsLog && !retry.isResting(now: now) ? .read : .idle
    }
    guard mayWork else { return .idle }
    switch caution.step(after: engine.cursor, now: now) {
    case .rest: return .idle
    case .batch: return .batch
    case let step: return .alone(step)
    }
  }
}
