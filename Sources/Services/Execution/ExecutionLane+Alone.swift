internal import Accounting
internal import Engine
internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// Shards under suspicion: one command a round, in a transaction of its own, so that neither the shard's good commands nor
/// other shards wait for a bad one. ``Caution`` decides.
extension ExecutionLane {
  /// Works the next command of a shard that is worked carefully; nothing for others.
  func workAlone(_ shard: Shard) async {
    guard case .alone(let step) = prospect(of: shard), let holding = holdings[shard],
      let entry = holding.inbox.next(after: holding.engine.cursor)
    else { return }
    switch step {
    case .batch, .rest: return
    case .attempt: await attempt(entry, holding)
    case .quarantine(let reason):
      var engine = holding.engine
      let settlement = engine.quarantine(entry.sequence)
      let commit = ShardCommit(ownership: holding.ownership, settlement: settlement, quarantine: reason)
      await store(commit, engine, tries: reason.tries)
    }
  }

  private func attempt(_ entry: LogEntry, _ holding: Holding) async {
    let ownership = holding.ownership
    let tries: Int
    do throws(LedgerError) {
      guard let noted = try await ledger.noteTry(of: entry.sequence, by: ownership) else {
        return fenced(ownership)
      }
      tries = noted
    } catch {
      // A note whose answer was lost may stand.
      withdrawals[ownership.shard] = entry.sequence
      if case .unavailable(.schema, _) = error { return letGo(ownership, error) }
      return delay(ownership, error)
    }
    guard holdings[ownership.shard]?.ownership == ownership else {
      return withdrawals[ownership.shard] = entry.sequence
    }
    KillPoint.reach(named: "apply.\(ownership.shard)-\(entry.sequence)")
    // On a copy: when the ledger refuses it, the books are still those that it has.
    var engine = holding.engine
    let settlement = engine.apply([entry])
    await store(ShardCommit(ownership: ownership, settlement: settlement), engine, tries: tries)
  }

  /// Stores the settlement of one command; `engine` holds the books behind it.
  private func store(_ commit: ShardCommit, _ engine: ShardEngine, tries: Int) async {
    let (ownership, sequence) = (commit.ownership, commit.settlement.through)
    let shard = ownership.shard
    let begun = clock.now
    let moment = settlingMoment
    do throws(LedgerError) {
      switch try await ledger.settle([commit], at: moment) {
      case .committed:
        pass(commit, engine)
        settled([commit], since: begun, at: moment)
      case .fenced:
        takeTryBack(commit)
        fenced(ownership)
      case .beyondLog:
        takeTryBack(commit)
        await giveUpGhosts(ownership)
      case .failedOver(let history):
        takeTryBack(commit)
        startOver(in: history)
      }
    } catch {
      switch error {
      case .fault(let reason) where commit.quarantine == nil:
        report(.commandFailed(shard, sequence, tries: tries, reason: reason))
        change(ownership) { [clock, random] caution in
          caution.failed(sequence, tries: tries, reason: reason, now: clock.now, random: random())
        }
        // Who takes over before the command is set aside should know why; this owner knows anyway.
        await troubles.attempt(.tries, of: shard) { () async throws(LedgerError) in
          try await ledger.noteFailure(of: sequence, in: shard, reason: reason)
        }
      case .unavailable(.schema, _):
        takeTryBack(commit)
        letGo(ownership, error)
      case .fault, .unavailable:
        takeTryBack(commit)
        delay(ownership, error)
      case .outcomeUnknown:
        takeTryBack(commit)
        abandon([commit], "the connection was lost during a commit")
      }
    }
  }

  /// Only a refusal of the command itself counts against it, and the death of who tried it; the try of anything else is taken
  /// back.
  private func takeTryBack(_ commit: ShardCommit) {
    if commit.quarantine == nil { withdrawals[commit.ownership.shard] = commit.settlement.through }
  }

  /// Goes on behind a command that is settled or in quarantine.
  private func pass(_ commit: ShardCommit, _ engine: ShardEngine) {
    let shard = commit.ownership.shard
    if let reason = commit.quarantine { report(.quarantined(shard, commit.settlement.through, reason)) }
    guard holdings[shard]?.ownership == commit.ownership else { return }
    _ = holdings[shard]!.inbox.takeRun(after: commit.settlement.from, limit: 1)
    holdings[shard]!.engine = engine
    if commit.quarantine == nil {
      holdings[shard]!.caution!.settled()
    } else {
      holdings[shard]!.caution!.quarantined(now: clock.now)
    }
  }

  private func delay(_ ownership: Ownership, _ error: LedgerError) {
    switch error {
    case .unavailable(let cause, let reason): report(.settlementDelayed(cause, reason: reason))
    case .fault(let reason): report(.settlementDelayed(.schema, reason: reason))
    case .outcomeUnknown: report(.settlementDelayed(.connection, reason: "the connection was lost"))
    }
    change(ownership) { [clock, random] caution in caution.delayed(now: clock.now, random: random()) }
  }

  private func fenced(_ ownership: Ownership) {
    report(.fenced(ownership.shard, ownership.epoch))
    drop(ownership.shard, nonce: ownership.nonce)
  }

  private func change(_ ownership: Ownership, _ body: (inout Caution) -> Void) {
    guard holdings[ownership.shard]?.ownership == ownership else { return }
    body(&holdings[ownership.shard]!.caution!)
  }
}
