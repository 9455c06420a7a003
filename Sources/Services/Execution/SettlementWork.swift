internal import Accounting
internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// Settlements on their way to the ledger, as a machine: it is told what came of storing them, and says what is to be done, until
/// nothing is left of them.
///
/// Those of a batch leave books that are ahead of the ledger until they are stored. That of a command alone was made beside the
/// books; only a refusal of the command itself, and the death of who tried it, count against it.
struct SettlementWork {
  /// What is to be done.
  enum Step {
    /// They are stored: go on behind them, and show them to everybody.
    case goOn(behind: [ShardCommit])
    /// Another owns the shard: its books are nobody's here.
    case fenced(Ownership)
    /// The books contain what never was in the log.
    case giveUpGhosts(Ownership)
    /// The database has another history now.
    case startOver(in: DatabaseTimeline)
    /// The books may be ahead of what is stored: a new claim reads what is final.
    case drop(Ownership, reason: String)
    /// This program cannot work the shard.
    case letGo(Ownership, StoreError)
    /// Commands up to this one are worked alone after the next claim.
    case suspect(Shard, through: Sequence)
    /// The try of a command is not to count.
    case withdrawTry(Shard, Sequence)
    /// The ledger refused a command alone, for the so-manieth time.
    case refused(Ownership, Sequence, tries: Int, reason: String)
    /// A command alone is tried again after a pause.
    case rest(Ownership)
    /// The ledger could not be used.
    case delayed(StoreError.Cause, reason: String)
    /// The database was not reached, or nobody knows whether it was.
    case missedDatabase
    /// Each is stored by itself: one that cannot be takes no other with it.
    case separate([ShardCommit])
    /// All that is left is tried again after a pause.
    case tryAgain
  }

  /// What is left to be stored.
  private(set) var commits: [ShardCommit]
  /// How often the one command was tried that is worked alone; nil of a batch.
  let tries: Int?

  /// A batch.
  init(_ commits: [ShardCommit]) {
    self.commits = commits
    tries = nil
  }

  /// A command that is worked alone.
  init(singleStep commit: ShardCommit, tries: Int) {
    commits = [commit]
    self.tries = tries
  }

  /// Whether a command is worked alone.
  var isAlone: Bool { tries != nil }

  /// Leaves out the commits of shards that are not held any more.
  mutating func keep(where isHeld: (Ownership) -> Bool) { commits.removeAll { !isHeld($0.ownership) } }

  /// Gives up what is left.
  /// - Returns: Whose books are ahead of what is stored.
  mutating func abandon() -> [Ownership] { takeAll().map(\.ownership) }

  private mutating func abandon(_ reason: String) -> [Step] { abandon().map { .drop($0, reason: reason) } }

  /// The ledger has answered.
  mutating func stored(_ outcome: SettleOutcome) -> [Step] {
    switch outcome {
    case .committed: return [.goOn(behind: takeAll())]
    case .fenced(let shard):
      guard let commit = take(shard) else { return abandon("fenced for a shard that is not in the batch") }
      return withdrawal(commit) + [.fenced(commit.ownership)]
    case .beyondLog(let shard):
      guard let commit = take(shard) else { return abandon("refused for a shard that is not in the batch") }
      return withdrawal(commit) + [.giveUpGhosts(commit.ownership)]
    case .failedOver(let timeline):
      // Also those that were claimed in the new history: their books are ahead of what is stored.
      let left = takeAll()
      let ahead = isAlone ? [] : left.filter { $0.ownership.timeline == timeline }
      return left.flatMap(withdrawal) + [.startOver(in: timeline)]
        + ahead.map { .drop($0.ownership, reason: "settled together with another history's") }
    }
  }

  /// The ledger could not answer.
  mutating func failed(_ error: StoreError) -> [Step] {
    let missed: [Step] = error.isAboutConnection ? [.missedDatabase] : []
    if let tries { return missed + failedAlone(error, takeAll()[0], tries: tries) }
    switch error {
    case .outcomeUnknown: return missed + abandon("nobody knows whether a commit took place")
    case .fault(let reason):
      return commits.map { .suspect($0.ownership.shard, through: $0.settlement.through) } + abandon(reason)
    case .unavailable(.schema, let reason):
      let left = takeAll()
      let rest: Step = left.count == 1 ? .letGo(left[0].ownership, error) : .separate(left)
      return [.delayed(.schema, reason: reason), rest]
    case .unavailable(let cause, let reason): return missed + [.delayed(cause, reason: reason), .tryAgain]
    }
  }

  private func failedAlone(_ error: StoreError, _ commit: ShardCommit, tries: Int) -> [Step] {
    let ownership = commit.ownership
    switch error {
    case .fault(let reason) where commit.quarantine == nil:
      return [.refused(ownership, commit.settlement.through, tries: tries, reason: reason)]
    case .outcomeUnknown:
      return withdrawal(commit) + [.drop(ownership, reason: "the connection was lost during a commit")]
    case .unavailable(.schema, _): return withdrawal(commit) + [.letGo(ownership, error)]
    case .fault(let reason): return [.delayed(.schema, reason: reason), .rest(ownership)]
    case .unavailable(let cause, let reason):
      return withdrawal(commit) + [.delayed(cause, reason: reason), .rest(ownership)]
    }
  }

  /// A try was noted only of a command that is carried out alone.
  private func withdrawal(_ commit: ShardCommit) -> [Step] {
    isAlone && commit.quarantine == nil ? [.withdrawTry(commit.ownership.shard, commit.settlement.through)] : []
  }

  private mutating func takeAll() -> [ShardCommit] {
    defer { commits = [] }
    return commits
  }

  private mutating func take(_ shard: Shard) -> ShardCommit? {
    commits.firstIndex { $0.ownership.shard == shard }.map { commits.remove(at: $0) }
  }
}
