internal import Accounting
internal import Engine
internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// What goes out: commands are carried out and their settlements stored, many together or one alone.
extension ExecutionLane {
  /// The shards, those first that have waited longest: what does not fit into one round is first in a later one.
  private var shardsByWait: [Shard] {
    owned.map { (servedIn: $0.value.servedIn, shard: $0.key) }.sorted { $0 < $1 }.map(\.shard)
  }

  /// Carries out what waits in shards that are worked in batches, as far as there is room.
  func settleRound() async {
    var commits: [ShardCommit] = []
    var budget = BatchBudget(settings)
    round += 1
    for shard in shardsByWait {
      guard action(shard) == .batch, let owned = owned[shard] else { continue }
      let run = owned.takeRun(&budget, round: round)
      guard !run.isEmpty else { continue }
      for entry in run { KillPoint.reach(named: "apply.\(shard)-\(entry.sequence)") }
      let begun = clock.now
      let settlement = owned.apply(run)
      pulse.progressed()
      for entry in run { KillPoint.reach(named: "matched.\(entry.command.word)") }
      owned.count(matching: clock.now - begun)
      commits.append(ShardCommit(ownership: owned.ownership, settlement: settlement))
    }
    guard !commits.isEmpty else { return }
    KillPoint.reach("settle.matched")
    await settle(SettlementWork(commits))
  }

  /// Carries out the next command of a shard under suspicion in a transaction of its own, so that neither the shard's good
  /// commands nor other shards wait for a bad one; nothing for shards that are worked in batches.
  func workSingleStep(_ shard: Shard) async {
    guard let owned = owned[shard] else { return }
    switch action(shard) {
    case .attempt(let entry): await attempt(entry, owned)
    case .quarantine(let entry, let reason):
      let (settlement, books) = owned.passedOver(entry)
      let commit = ShardCommit(ownership: owned.ownership, settlement: settlement, quarantine: reason)
      await settle(SettlementWork(singleStep: commit, tries: reason.tries), books)
    case .askStanding, .readLog, .batch, .rest: return
    }
  }

  private func attempt(_ entry: LogEntry, _ asked: OwnedShard) async {
    let ownership = asked.ownership
    let tries: Int
    do throws(StoreError) {
      guard let noted = try await ledger.recordAttempt(of: entry.sequence, by: ownership) else {
        return fenced(ownership)
      }
      tries = noted
    } catch {
      return couldNotNote(entry, ownership, error)
    }
    guard let owned = held(ownership) else { return withdrawals[ownership.shard] = entry.sequence }
    KillPoint.reach(named: "apply.\(ownership.shard)-\(entry.sequence)")
    let (settlement, books) = owned.tried(entry)
    let commit = ShardCommit(ownership: ownership, settlement: settlement)
    await settle(SettlementWork(singleStep: commit, tries: tries), books)
  }

  /// A note whose answer was lost may stand: it is taken back.
  private func couldNotNote(_ entry: LogEntry, _ ownership: Ownership, _ error: StoreError) {
    withdrawals[ownership.shard] = entry.sequence
    switch error {
    case .unavailable(.schema, _): letGo(ownership, error)
    case .unavailable(let cause, let reason): report(.settlementDelayed(cause, reason: reason))
    case .fault(let reason): report(.settlementDelayed(.schema, reason: reason))
    case .outcomeUnknown: report(.settlementDelayed(.connection, reason: "\(error)"))
    }
    if error.isAboutConnection { missedDatabase() }
    held(ownership)?.delayed(now: clock.now, random: random())
  }

  /// Stores settlements, however often it takes.
  /// - Parameter books: Behind a command that was carried out beside the books of its shard.
  private func settle(_ work: SettlementWork, _ books: ShardEngine? = nil) async {
    var work = work
    var retry = PortRetry(settings.retry)
    let begun = clock.now
    while !work.commits.isEmpty {
      let moment = settlingMoment
      let steps: [SettlementWork.Step]
      do throws(StoreError) {
        steps = work.stored(try await ledger.settle(work.commits, at: moment))
      } catch {
        steps = work.failed(error)
      }
      for step in steps {
        switch step {
        case .goOn(let commits):
          if !work.isAlone { KillPoint.reach("settle.committed") }
          if let books { pass(commits[0], books) }
          settled(commits, since: begun, at: moment)
        case .separate(let commits): for commit in commits { await settle(SettlementWork([commit])) }
        case .tryAgain: await waitToTryAgain(&work, &retry)
        case .giveUpGhosts(let ownership): await giveUpGhosts(ownership)
        case .refused(let ownership, let sequence, let tries, let reason):
          await refused(ownership, sequence, tries: tries, reason: reason)
        case .fenced(let ownership): fenced(ownership)
        case .startOver(let timeline): startOver(in: timeline)
        case .drop(let ownership, let reason): drop(ownership, reason: reason)
        case .letGo(let ownership, let error): letGo(ownership, error)
        case .suspect(let shard, let sequence): suspects[shard] = sequence
        case .withdrawTry(let shard, let sequence): withdrawals[shard] = sequence
        case .rest(let ownership): held(ownership)?.delayed(now: clock.now, random: random())
        case .delayed(let cause, let reason): report(.settlementDelayed(cause, reason: reason))
        case .missedDatabase: missedDatabase()
        }
      }
    }
  }

  private func waitToTryAgain(_ work: inout SettlementWork, _ retry: inout PortRetry) async {
    pulse.progressed()
    // Who waits for a shard must not wait for the database: leases and heartbeat would stand still meanwhile.
    guard !isExpected else {
      for ownership in work.abandon() { drop(ownership, reason: "given up while the database was away") }
      return
    }
    try? await Task.sleep(for: retry.failed(now: clock.now, random: random()))
    work.keep { held($0) != nil }
  }

  private func fenced(_ ownership: Ownership) {
    report(.fenced(ownership.shard, ownership.epoch))
    drop(ownership.shard, nonce: ownership.nonce)
  }

  private func refused(_ ownership: Ownership, _ sequence: Sequence, tries: Int, reason: String) async {
    report(.commandFailed(ownership.shard, sequence, tries: tries, reason: reason))
    held(ownership)?.refused(sequence, tries: tries, reason: reason, now: clock.now, random: random())
    // Who takes over before the command is set aside should know why; this owner knows anyway.
    await troubles.attempt(.tries, of: ownership.shard) { () async throws(StoreError) in
      try await ledger.noteFailure(of: sequence, in: ownership.shard, reason: reason)
    }
  }

  /// Goes on behind a command that was worked alone and is stored.
  private func pass(_ commit: ShardCommit, _ books: ShardEngine) {
    if let reason = commit.quarantine {
      report(.quarantined(commit.ownership.shard, commit.settlement.through, reason))
    }
    held(commit.ownership)?.goOn(behind: commit, books, now: clock.now)
  }

  /// Takes tries back that are not to count; one that cannot be taken back now is taken back later.
  func withdrawTries() async {
    guard !withdrawalRetry.isResting(now: clock.now) else { return }
    for (shard, sequence) in withdrawals.sorted(by: { $0.key < $1.key }) {
      do throws(StoreError) {
        try await ledger.withdrawTry(of: sequence, in: shard)
        withdrawals[shard] = nil
        troubles.succeeded(.tries, of: shard)
      } catch {
        troubles.failed(.tries, of: shard, error)
        // One that cannot be taken back at all is a mark more, which is not worth a halt.
        if case .fault = error {
          withdrawals[shard] = nil
        } else {
          withdrawalRetry.failed(now: clock.now, random: random())
        }
        return
      }
    }
    withdrawalRetry.succeeded()
  }
}
