internal import Market

/// Which states of instruments have been written, how far, and which of them are looked at next: all of a shard's in turn.
struct StateRota {
  private struct Turn {
    var keys: [String] = []
    var written: [String: Sequence] = [:]
    var next = 0
  }

  private var turns: [Shard: Turn] = [:]

  /// A state has been written, as it is after a command.
  mutating func wrote(_ key: String, of shard: Shard, through sequence: Sequence) {
    if turns[shard, default: Turn()].written.updateValue(sequence, forKey: key) == nil {
      turns[shard]!.keys.append(key)
    }
  }

  /// A state need not be there.
  mutating func forget(_ key: String, of shard: Shard) {
    guard turns[shard]?.written.removeValue(forKey: key) != nil else { return }
    turns[shard]!.keys.removeAll { $0 == key }
    turns[shard]!.next = 0
  }

  /// Whether a state that was found is older than what was written: a replica that lagged behind has taken over.
  func isOutdated(_ key: String, of shard: Shard, at sequence: Sequence) -> Bool {
    turns[shard]?.written[key].map { sequence < $0 } ?? false
  }

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
