internal import Market

/// Which states of instruments have been written, how far, and which of them are looked at next: all of a shard's in turn.
struct StateRota {
  private struct State {
    var sequence: Sequence
    var isEmpty: Bool
  }

  private struct Turn {
    var keys: [String] = []
    var written: [String: State] = [:]
    var next = 0
  }

  private var turns: [Shard: Turn] = [:]

  /// A state has been written, as it is after a command.
  /// - Parameter isEmpty: Whether nothing stands in it: then it need not be there.
  mutating func wrote(_ key: String, of shard: Shard, through sequence: Sequence, isEmpty: Bool = false) {
    let state = State(sequence: sequence, isEmpty: isEmpty)
    if turns[shard, default: Turn()].written.updateValue(state, forKey: key) == nil {
      turns[shard]!.keys.append(key)
    }
  }

  /// Whether a state that was found is older than what was written: a replica that lagged behind has taken over.
  func isOutdated(_ key: String, of shard: Shard, at sequence: Sequence) -> Bool {
    turns[shard]?.written[key].map { sequence < $0.sequence } ?? false
  }

  /// Whether a state may be missing.
  func mayBeMissing(_ key: String, of shard: Shard) -> Bool { turns[shard]?.written[key]?.isEmpty ?? false }

  /// Forgets the states of shards that are not kept any more.
  mutating func keep(_ shards: some Collection<Shard>) {
    let kept = Set(shards)
    turns = turns.filter { kept.contains($0.key) }
  }

  /// The states of a shard to look at next, at most so many.
  mutating func next(of shard: Shard, limit: Int) -> [String] {
    guard var turn = turns[shard], !turn.keys.isEmpty else { return [] }
    let count = min(limit, turn.keys.count)
    let chosen = (0..<count).map { turn.keys[(turn.next + $0) % turn.keys.count] }
    turn.next = (turn.next + count) % turn.keys.count
    turns[shard] = turn
    return chosen
  }
}
