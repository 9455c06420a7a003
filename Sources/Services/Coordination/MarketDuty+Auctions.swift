internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// The leader's part in auctions: tells the parts that follow the first.
extension MarketDuty {
  /// Does what is due.
  /// - Returns: Whether auctions are being executed; nil when the term has ended.
  func carryOnAuctions(_ leadership: Leadership) async throws(StoreError) -> Bool? {
    let allProgress = try await ledger.auctions()
    for batch in auctionPlan.batches(allProgress) {
      KillPoint.reach("market.cross")
      switch try await ledger.append(batch, within: leadership, at: now()) {
      case .termEnded: return nil
      // Somebody was quicker, or the last part has been processed meanwhile.
      case .outdated: continue
      case .appended(let entries): await publish(entries)
      }
    }
    return !allProgress.isEmpty
  }
}
