internal import Accounting
internal import Engine
internal import Market
internal import Ports
internal import Sharding

/// What comes from the streams is not believed: refused entries are counted and their rows read from the log, and what lies
/// beyond the log is discarded.
extension ExecutionLane {
  private struct Refused: Hashable, Comparable {
    var shard: Shard
    var cause: EntryRefusal
    static func < (a: Refused, b: Refused) -> Bool { (a.shard, a.cause.rawValue) < (b.shard, b.cause.rawValue) }
  }

  /// Takes entries into the shards' inboxes.
  func take(_ entries: [StreamEntry]) async {
    var refused: [Refused: Int] = [:]
    for entry in entries {
      guard let cause = owned[entry.shard]?.received(entry) else { continue }
      refused[Refused(shard: entry.shard, cause: cause), default: 0] += 1
    }
    if !refused.isEmpty { isShortOfRows = true }
    for (what, count) in refused.sorted(by: { $0.key < $1.key }) {
      report(.entriesRefused(what.shard, what.cause, count: count))
    }
    if refused.keys.contains(where: { $0.cause == .foreignTimeline }) { await askHistory() }
  }

  /// Publishers that speak of another history may be right: the database was restored, and this lane has had nothing to settle
  /// by which it would have noticed.
  private func askHistory() async {
    if let timelineReadAt, clock.now - timelineReadAt < settings.historyPeriod { return }
    timelineReadAt = clock.now
    do throws(StoreError) {
      startOver(in: try await ledger.timeline())
      troubles.succeeded(.timeline)
    } catch {
      troubles.failed(.timeline, error)
      missedDatabase()
    }
  }

  /// Discards a stream that delivered rows which the log, read after they came, does not have.
  func discardStream(of shard: Shard, _ lost: Set<Sequence>) async {
    guard !lost.isEmpty else { return }
    report(.entriesRefused(shard, .beyondLog, count: lost.count))
    await discardStream(of: shard)
  }

  /// Gives a shard up whose books hold commands that never were in its log: a new claim reads what is final.
  func giveUpGhosts(_ ownership: Ownership) async {
    report(.entriesRefused(ownership.shard, .beyondLog, count: 1))
    drop(ownership, reason: "its stream went beyond its log")
    await discardStream(of: ownership.shard)
  }

  private func discardStream(of shard: Shard) async {
    report(.streamDiscarded(shard))
    do throws(StreamError) {
      try await stream.discard([shard])
    } catch {
      // What is left comes again and is refused again.
      report(.streamUnavailable(reason: error.reason))
    }
  }
}
