internal import Market

/// Which states of instruments have been written, and which of them are looked at next: all of a shard's in turn.
struct StateRota {
  private struct Turn {
    var keys: [String] = []
    var known: Set<String> = []
    var next = 0
  }

  private var turns: [Shard: Turn] = [:]

  /// A state has been written.
  mutating func wrote(_ key: String, of shard: Shard) {
    if turns[shard, default: Turn()].known.insert(key).inserted { turns[shard]!.keys.append(key) }
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
