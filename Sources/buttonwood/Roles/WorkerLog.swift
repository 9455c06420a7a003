internal import Lifecycle
internal import Market
internal import Ports
internal import Services
internal import Sharding
internal import Telemetry

/// Writes down what happens to a worker: in its log, in the fleet's history, in its metrics.
final class WorkerLog: Sendable {
  private let worker: WorkerID
  private let log: Log
  /// What the fleet's history is told next.
  private let memory = BackgroundQueue<[FleetEvent]>()
  private let fleetEvents: any FleetHistory
  /// Events that wait for it at most; those that have waited longest give way.
  private static let mostWaiting = 1_000
  private let metrics: WorkerMetrics
  private let stalledSessions: StalledSessionLog
  private let notices: OwnNotices
  private let troubles: PortTroubleLog
  /// Lines about what is tried again, by what keeps it from being done.
  private let delays = Lock(RepeatedLines<String>(period: .seconds(60)))
  private let failedClaims = Lock(RepeatedLines<Shard>(period: .seconds(60)))
  private let refusals = Lock(RepeatedLines<Refused>(period: .seconds(60)))

  /// What a line about refused stream entries is about. What they said is in no line: anybody may have written it.
  private struct Refused: Hashable {
    var shard: Shard
    var cause: EntryRefusal
  }

  init(
    worker: WorkerID, log: Log, fleetEvents: any FleetHistory, metrics: WorkerMetrics,
    stalledSessions: StalledSessionLog,
    notices: OwnNotices, troubles: PortTroubleLog
  ) {
    self.troubles = troubles
    self.notices = notices
    self.stalledSessions = stalledSessions
    self.worker = worker
    self.log = log
    self.fleetEvents = fleetEvents
    self.metrics = metrics
  }

  func record(_ event: WorkerEvent) {
    metrics.count(event)
    switch event {
    case .claimed(let shard, let epoch, let openOrders, let cause):
      log.notice("claimed a shard", ["shard": shard, "epoch": epoch, "open_orders": openOrders, "why": cause.words])
      remember(.init(kind: .claimed, shard: shard, worker: worker, epoch: epoch, reason: cause.words))
    case .handedOver(let shard, let epoch, let successor):
      log.notice("handed a shard over", ["shard": shard, "epoch": epoch, "to": successor])
      remember(.init(kind: .released, shard: shard, worker: worker, epoch: epoch, reason: "handed to \(successor)"))
    case .released(let shard, let epoch):
      log.notice("released a shard", ["shard": shard, "epoch": epoch])
      remember(.init(kind: .released, shard: shard, worker: worker, epoch: epoch, reason: "let go"))
    case .leaseLost(let shard, let epoch):
      log.warning("lost a lease", ["shard": shard, "epoch": epoch])
      remember(.init(kind: .lost, shard: shard, worker: worker, epoch: epoch, reason: "lease held by another"))
    case .fenced(let shard, let epoch):
      log.warning("fenced: the shard has another owner", ["shard": shard, "epoch": epoch])
      remember(.init(kind: .lost, shard: shard, worker: worker, epoch: epoch, reason: "fenced by PostgreSQL"))
    case .dropped(let shard, let epoch, let reason):
      log.warning("dropped a shard to read it again", ["shard": shard, "epoch": epoch, "reason": reason])
      remember(.init(kind: .lost, shard: shard, worker: worker, epoch: epoch, reason: reason))
    case .databaseFailedOver(let shards):
      log.warning("the database goes on with another history: a fail-over, a restart or a backup", ["shards": shards])
    case .entriesRefused(let shard, let cause, let count):
      notices.refusedEntries(count)
      let now = ContinuousClock().now
      guard let all = refusals.withLock({ $0.add(count, to: Refused(shard: shard, cause: cause), now: now) }) else {
        return
      }
      log.warning(
        "stream entries are refused, their rows are read from the log",
        ["shard": shard, "cause": cause.rawValue, "entries": all])
    case .streamDiscarded(let shard):
      log.error(
        "a stream was ahead of the log and is discarded: after the restoring of a backup, run \"buttonwood restored\"",
        ["shard": shard])
    case .settlementDelayed(let cause, let reason):
      guard let times = delays.withLock({ $0.add(1, to: cause.rawValue, now: ContinuousClock().now) }) else { return }
      log.warning("a settlement is tried again", ["cause": cause.rawValue, "reason": reason, "times": times])
    case .commandFailed(let shard, let sequence, let tries, let reason):
      log.warning("a command failed", ["shard": shard, "sequence": sequence, "tries": tries, "reason": reason])
    case .quarantined(let shard, let sequence, let quarantine):
      log.error(
        "a command is in quarantine; see \"buttonwood quarantine list\"",
        ["shard": shard, "sequence": sequence, "tries": quarantine.tries, "reason": quarantine.reason])
    case .streamUnavailable(let reason): log.warning("streams unavailable, reading the log", ["reason": reason])
    case .wakeUpsUnavailable(let reason): log.warning("gateways cannot be told of news", ["reason": reason])
    case .leasesUnavailable(let reason): log.warning("leases unavailable", ["reason": reason])
    case .standing(let other, let standing):
      log.notice("another worker stands otherwise", ["other": other, "standing": standing.words])
    case .elected(let term): log.notice("leading", ["term": term])
    case .steppedDown(let term, let reason): log.notice("no longer leading", ["term": term, "reason": reason])
    case .electionFailed(let reason): log.warning("an election failed", ["reason": reason])
    case .reassigned(let term, let shards): log.notice("wished shards elsewhere", ["term": term, "shards": shards])
    case .daysKept(let kept):
      log.notice("made days' tables", ["tables": kept.made, "missing": kept.left, "days_ahead": kept.ahead])
    case .housekeepingFailed(let reason):
      guard let times = delays.withLock({ $0.add(1, to: "housekeeping", now: ContinuousClock().now) }) else { return }
      log.warning("the coming days' tables could not be made", ["reason": reason, "times": times])
    case .clockChanged(nil, let mode): log.notice("the market's clock is set", ["clock": mode.rawValue])
    case .clockChanged(let old?, let mode):
      log.warning("the market follows another clock", ["before": old.rawValue, "clock": mode.rawValue])
    case .instrumentsInstructed(let shard, let point, let instruments):
      log.notice("told instruments of their day", ["shard": shard, "stage": "\(point)", "instruments": instruments])
    case .tradingPaused(let pause):
      log.notice(
        "paused an instrument's trading",
        [
          "shard": pause.shard, "instrument": pause.instrument.rawValue, "reason": pause.reason,
          "until": "\(pause.until)",
        ])
    case .pausesEnded(let shard, let instruments):
      log.notice("ended trading pauses", ["shard": shard, "instruments": instruments])
    case .expiryStuck(let instrument, let orders):
      log.error(
        "orders whose time is over do not end; see \"buttonwood quarantine list\" and \"buttonwood audit\"",
        ["instrument": instrument, "orders": orders])
    case .marketDelayed(let reason): log.warning("the market day is directed later", ["reason": reason])
    case .stalledSession(let event): stalledSessions.record(event)
    case .contested(let what): log.warning("PostgreSQL denies what Redis says", ["what": what])
    case .contestDelayed(let shards, let reason):
      log.warning(
        "leases name others, and PostgreSQL cannot be asked who owns the shards", ["shards": shards, "reason": reason])
    case .keyReplaced(let key, let reason):
      log.warning("replaced a damaged key in Redis", ["key": key, "reason": reason])
      remember(.init(replaced: key, worker: worker, reason: reason))
    case .instructed(let order): log.notice("told by an operator", ["order": order.rawValue])
    case .claimFailed(let shard, let reason):
      guard let times = failedClaims.withLock({ $0.add(1, to: shard, now: ContinuousClock().now) }) else { return }
      log.warning("a claim failed", ["shard": shard, "reason": reason, "times": times])
    case .letGo(let shard, let epoch, let reason, let pause):
      log.error(
        "let go of a shard that this worker cannot work",
        ["shard": shard, "epoch": epoch, "reason": reason, "next_claim_after": "\(pause)"])
      remember(.init(kind: .lost, shard: shard, worker: worker, epoch: epoch, reason: reason))
    case .trouble(let trouble): troubles.record(trouble)
    case .recoveryFailed(let shard, let reason, let pause):
      log.error(
        "the books of a shard cannot be rebuilt; see \"buttonwood audit\"",
        ["shard": shard, "reason": reason, "next_claim_after": "\(pause)"])
    case .settled(let commands, let span):
      log.debug("settled", ["commands": commands, "microseconds": span.wholeMicroseconds])
    }
  }

  /// The history is a courtesy: without Redis the log has it.
  private func remember(_ event: FleetEvent) {
    let send = { @Sendable [fleetEvents, troubles] (events: [FleetEvent]) async in
      _ = await troubles.ports.attempt(.fleetHistory) { () async throws(StreamError) in
        try await fleetEvents.record(events)
      }
    }
    memory.add(sending: send) { waiting in
      if waiting.count == Self.mostWaiting { waiting.removeFirst() }
      waiting.append(event)
    }
  }
}

extension ClaimCause {
  /// In a log and in the fleet's history.
  var words: String {
    switch self {
    case .free: return "free"
    case .crashed(let owner): return "\(owner) is gone"
    case .handedOver: return "handed over"
    }
  }
}

extension Membership.Standing {
  /// In a log.
  fileprivate var words: String {
    switch self {
    case .alive: return "alive"
    case .suspect: return "suspect: its heartbeat is late"
    case .hung: return "hung: it neither beats nor answers"
    case .crashed: return "crashed: its process is gone"
    }
  }
}
