internal import Accounting
internal import Engine
internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// What is told of what is stored: market data, wake-ups, and how far streams may be trimmed.
extension ExecutionLane {
  /// The time of what is settled now.
  var settlingMoment: Timestamp { settlingTime.moment(at: now()) }

  /// Settlements are stored; the books stand where they left them.
  /// - Parameter moment: Under which they were settled.
  func settled(_ commits: [ShardCommit], since begun: ContinuousClock.Instant, at moment: Timestamp) {
    settlingTime.note(moment)
    pulse.reachedDatabase()
    publish(commits, at: moment)
    notifier?.notify(commits)
    var positions: [Shard: StreamPosition] = [:]
    var commands = 0
    for commit in commits {
      let shard = commit.ownership.shard
      let settled = Int(commit.settlement.through.rawValue - commit.settlement.from.rawValue)
      commands += settled
      owned[shard]?.count(settled: settled)
      claimBackoff.recovered(shard)
      if let position = owned[shard]?.inbox.settledPosition { positions[shard] = position }
    }
    lastCommit = clock.now - begun
    busy += lastCommit
    report(.settled(commands: commands, span: lastCommit))
    KillPoint.reach("settle.untrimmed")
    if !positions.isEmpty { trimmer.trim(positions) }
  }

  /// Shows everybody what was settled.
  private func publish(_ commits: [ShardCommit], at moment: Timestamp) {
    guard let market else { return }
    for commit in commits {
      guard let owned = held(commit.ownership) else { continue }
      market.offer(owned.feed.follow(commit.settlement, owned.engine, at: moment), of: owned.shard)
    }
  }

  /// Shows whole books where that is wanted: of shards just taken over, and when what was shown has been lost.
  func publishBooks() {
    guard let market else { return }
    market.keep(owned.keys)
    let loss = market.takeLoss()
    guard !loss.isEmpty else { return }
    let moment = settlingMoment
    for (shard, owned) in owned.sorted(by: { $0.key < $1.key }) {
      let books =
        loss.shards.contains(shard)
        ? owned.feed.books(owned.engine, at: moment)
        : owned.feed.books(of: loss.instruments, owned.engine, at: moment)
      market.offer(books, of: shard)
    }
  }
}
