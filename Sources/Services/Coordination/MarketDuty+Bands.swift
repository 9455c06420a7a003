internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// The leader's part in price bands: tells them, begins and ends trading pauses.
extension MarketDuty {
  /// Does what is due.
  /// - Returns: Whether the term stands.
  func keepBands(
    to goal: MarketDirector.Goal, _ clock: MarketClockRecord, _ leadership: Leadership
  ) async throws(StoreError) -> Bool {
    let moment = now()
    let isLooking = director.pollsReferences(clock, after: polledReferences, at: moment)
    let allProgress = try await ledger.bandProgress(
      tradesSince: director.bandWindow(clock, at: moment),
      referencesUntil: isLooking ? director.bandsMayMove(clock, at: moment) : nil)
    if isLooking { polledReferences = moment }
    let decisions = director.bands(allProgress, to: goal, clock, at: moment)
    for (shard, instruments) in decisions.resumptions.sorted(by: { $0.key < $1.key }) {
      KillPoint.reach("market.resume")
      guard try await ledger.resume(instruments, of: shard, within: leadership) else { return false }
      report(.pausesEnded(shard, instruments: instruments.count))
    }
    for pause in decisions.pauses {
      KillPoint.reach("market.pause")
      guard let begins = try await ledger.pause(pause, within: leadership) else { return false }
      if begins { report(.tradingPaused(pause)) }
    }
    for (shard, instructions) in decisions.instructions.sorted(by: { $0.key < $1.key }) {
      KillPoint.reach("market.band")
      switch try await ledger.append(instructions, of: shard, within: leadership, at: now()) {
      case .termEnded: return false
      case .outdated: continue
      case .appended(let entries): await publish(entries)
      }
    }
    return true
  }
}
