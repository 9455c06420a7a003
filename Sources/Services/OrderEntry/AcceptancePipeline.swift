internal import Accounting
internal import Lifecycle
internal import Market
internal import Ports

/// Accepts requests of some shards, one transaction after the other: whatever gathered while the last one committed goes
/// into the next. So batches grow with the load and nobody waits for a timer.
///
/// Requests of an account that somebody holds are set aside and tried over a connection of their own, until the account is
/// free or their time is over. The others do not wait for them.
actor AcceptancePipeline {
  private typealias Waiter = (request: AcceptanceRequest, reply: CheckedContinuation<AcceptanceReply, Never>)

  private let ledger: any AcceptanceLedger
  private let asideLedger: any AcceptanceLedger
  private let settings: OrderAcceptanceSettings
  private let publish: @Sendable ([LogEntry]) -> Void
  private let now: @Sendable () -> Timestamp
  private let clock = ContinuousClock()
  private var waiting: [Waiter] = []
  private var aside = AsideQueue<Waiter>()
  private let turns = BackgroundQueue<Once>()
  private let asideTurns = BackgroundQueue<Once>()

  /// - Parameters:
  ///   - ledger: One connection.
  ///   - aside: Another one, for what is set aside.
  init(
    ledger: any AcceptanceLedger, aside: any AcceptanceLedger, settings: OrderAcceptanceSettings,
    now: @escaping @Sendable () -> Timestamp, publish: @escaping @Sendable ([LogEntry]) -> Void
  ) {
    self.ledger = ledger
    asideLedger = aside
    self.settings = settings
    self.now = now
    self.publish = publish
  }

  /// Requests that are set aside.
  var asideCount: Int { aside.count }
  /// Requests that wait for the transaction under way.
  var waitingCount: Int { waiting.count }

  func submit(_ request: AcceptanceRequest) async -> AcceptanceReply {
    let joinsAside = aside.contains(request.account)
    guard joinsAside ? aside.count < settings.asideLimit : waiting.count < settings.queueLimit else {
      return .busy(retryAfter: .seconds(1))
    }
    return await withCheckedContinuation { reply in
      if joinsAside { return aside.append((request, reply), of: request.account, at: clock.now) }
      waiting.append((request, reply))
      turns.add(sending: { [self] _ in await work() }) { $0.isDue = true }
    }
  }

  private func work() async {
    while !waiting.isEmpty {
      let batch = Array(waiting.prefix(settings.batchLimit))
      waiting.removeFirst(batch.count)
      setAside(batch, await accept(batch, over: ledger))
    }
  }

  /// Hands a batch in, answers it and publishes what it led to.
  /// - Returns: The accounts whose requests are not answered.
  private func accept(_ batch: [Waiter], over ledger: any AcceptanceLedger) async -> Set<AccountNumber> {
    var replies: [AcceptanceReply]
    var entries: [LogEntry] = []
    var postponed: Set<AccountNumber> = []
    do {
      let accepted = try await ledger.accept(batch.map(\.request), now: now())
      KillPoint.reach("accept.committed")
      replies = accepted.answers.map { .answered($0) }
      entries = accepted.entries
      postponed = accepted.postponed
    } catch .outcomeUnknown {
      replies = Array(repeating: .outcomeUnknown, count: batch.count)
    } catch {
      replies = Array(repeating: .unavailable, count: batch.count)
    }
    let answered = batch.filter { !postponed.contains($0.request.account) }
    for (waiter, reply) in zip(answered, replies) { waiter.reply.resume(returning: reply) }
    KillPoint.reach("accept.answered")
    if !entries.isEmpty { publish(entries) }
    return postponed
  }

  // MARK: Set aside

  /// Sets the requests of held accounts aside, and behind them those that came meanwhile.
  private func setAside(_ batch: [Waiter], _ held: Set<AccountNumber>) {
    guard !held.isEmpty else { return }
    for waiter in batch + waiting where held.contains(waiter.request.account) {
      if aside.count < settings.asideLimit {
        aside.append(waiter, of: waiter.request.account, at: clock.now)
      } else {
        waiter.reply.resume(returning: .busy(retryAfter: .seconds(1)))
      }
    }
    waiting.removeAll { held.contains($0.request.account) }
    guard aside.count > 0 else { return }
    asideTurns.add(sending: { [self] _ in await workAside() }) { $0.isDue = true }
  }

  private func workAside() async {
    while aside.count > 0 {
      for waiter in aside.takeExpired(before: clock.now - settings.asidePatience) {
        waiter.reply.resume(returning: .accountHeld)
      }
      let batch = aside.beginTry(limit: settings.batchLimit, accountLimit: settings.asideAccountLimit)
      guard !batch.isEmpty else { break }
      let held = await accept(batch, over: asideLedger)
      aside.endTry(held: held)
      // Whoever holds an account is not asked without a pause.
      if !held.isEmpty { try? await Task.sleep(for: settings.asidePause) }
    }
  }
}
