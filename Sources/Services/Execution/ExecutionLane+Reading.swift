internal import Accounting
internal import Engine
internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// What comes in: entries of the streams, how shards stand, rows of the log.
extension ExecutionLane {
  func readStreams() async {
    let isBusy = owned.keys.contains { action($0) != .rest }
    let hasGap = owned.values.contains { $0.hasGap }
    // A stream that is down must not be asked in a tight loop, whatever there is to do.
    let eager: Duration = isBusy ? .zero : hasGap ? .milliseconds(1) : settings.readWait
    let wait = streamIsDown ? settings.readWait : eager
    do {
      let entries = try await stream.read(
        after: owned.mapValues { $0.inbox.position }, limit: settings.readLimit, wait: wait)
      streamIsDown = false
      await take(entries)
    } catch {
      if !streamIsDown { report(.streamUnavailable(reason: error.reason)) }
      streamIsDown = true
    }
  }

  func readStandings() async {
    for shard in owned.keys.sorted() where action(shard) == .askStanding {
      guard let ownership = owned[shard]?.ownership else { continue }
      do throws(StoreError) {
        let attempts = try await ledger.attempts(of: ownership)
        guard let owned = held(ownership) else { continue }
        troubles.succeeded(.attempts, of: shard)
        owned.received(attempts, suspected: suspects.removeValue(forKey: shard), settings: settings)
      } catch {
        couldNotRead(.attempts, ownership, error)
      }
    }
  }

  func readLogs() async {
    await noticeSilence()
    for shard in owned.keys.sorted() {
      owned[shard]?.timePassed(at: clock.now, gapPatience: settings.gapPatience)
      // Shards may be dropped while this waits for the log.
      guard action(shard) == .readLog, let asked = owned[shard] else { continue }
      let before = asked.inbox.sequences
      do throws(StoreError) {
        let rows = try await ledger.log(of: shard, after: asked.cursor, limit: settings.logLimit)
        guard let owned = held(asked.ownership) else { continue }
        troubles.succeeded(.log, of: shard)
        let isWhole = rows.count < settings.logLimit
        let lost = owned.received(rows, isWhole: isWhole, before: before)
        if isWhole, rows.isEmpty { claimBackoff.recovered(shard) }
        await discardStream(of: shard, lost)
      } catch {
        couldNotRead(.log, asked.ownership, error)
      }
    }
  }

  /// What the ledger cannot say now is asked again after a pause; what it will not say to this program, whoever takes the shard
  /// over may be told.
  private func couldNotRead(_ use: PortUse, _ ownership: Ownership, _ error: StoreError) {
    troubles.failed(use, of: ownership.shard, error)
    guard let owned = held(ownership) else { return }
    guard error.isPassing else { return letGo(ownership, error) }
    if error.isAboutConnection { missedDatabase() }
    owned.couldNotRead(now: clock.now, random: random())
  }

  /// Asks the log whether it is ahead of what the streams delivered: now and then, and always while they are down.
  func noticeSilence() async {
    let period = isShortOfRows ? settings.refusalPause : settings.silencePeriod
    guard streamIsDown || clock.now - lastLogCheck >= period, !logEndsRetry.isResting(now: clock.now) else { return }
    lastLogCheck = clock.now
    let isShort = isShortOfRows
    isShortOfRows = false
    let ends: LogEnds
    do throws(StoreError) {
      ends = try await ledger.logEnds(of: owned.keys.sorted())
      troubles.succeeded(.logEnds)
      logEndsRetry.succeeded()
    } catch {
      troubles.failed(.logEnds, error)
      logEndsRetry.failed(now: clock.now, random: random())
      isShortOfRows = isShort || isShortOfRows
      return missedDatabase()
    }
    pulse.reachedDatabase()
    // A backup was restored, or another server has taken over, while there was nothing to settle by which it would have been
    // noticed: what is in these logs now may have numbers that were passed before.
    startOver(in: ends.timeline)
    for (shard, end) in ends.sequences { owned[shard]?.logReaches(end, isShort: isShort) }
  }
}
