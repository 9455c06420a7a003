internal import Ports
internal import Services
internal import Telemetry

/// What a worker counts.
struct WorkerMetrics: Sendable {
  private let commands: Counter
  private let settlements: Histogram
  private let batches: Histogram
  private let claims: Counter
  private let handOvers: Counter
  private let losses: Counter
  private let elections: Counter
  private let moves: Counter
  private let leads: Gauge
  private let retries: [StoreError.Cause: Counter]
  private let failures: Counter
  private let quarantines: Counter
  private let failedClaims: Counter
  private let failovers: Counter
  private let refusals: [EntryRefusal: Counter]
  private let discards: Counter
  private let outages: Counter
  private let steps: Counter
  private let pauses: Counter
  private let replacedKeys: Counter
  private let contests: Counter

  /// Registers the worker's instruments.
  init(_ metrics: Metrics) {
    commands = metrics.counter("buttonwood_commands_settled_total", help: "Commands whose effects are committed.")
    settlements = metrics.histogram("buttonwood_settlement_seconds", help: "From the first command to the commit.")
    batches = metrics.histogram(
      "buttonwood_settlement_commands", help: "Commands in one settlement.",
      upperBounds: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000])
    claims = metrics.counter("buttonwood_shards_claimed_total", help: "Shards that this worker has claimed.")
    handOvers = metrics.counter(
      "buttonwood_shards_handed_over_total", help: "Shards that this worker has handed to another.")
    elections = metrics.counter("buttonwood_elections_won_total", help: "Terms in which this worker has led.")
    moves = metrics.counter(
      "buttonwood_shards_wished_elsewhere_total", help: "Wishes that this worker, leading, has changed.")
    leads = metrics.gauge("buttonwood_leader", help: "1 while this worker leads.")
    losses = metrics.counter(
      "buttonwood_shards_lost_total", help: "Shards that this worker lost against its will or dropped.")
    retries = metrics.counters(
      "buttonwood_settlements_retried_total", help: "Settlements that were tried again, by what the ledger failed with."
    )
    failures = metrics.counter(
      "buttonwood_commands_failed_total", help: "Tries of single commands that the ledger refused.")
    quarantines = metrics.counter(
      "buttonwood_commands_quarantined_total", help: "Commands that this worker has put into quarantine.")
    failedClaims = metrics.counter(
      "buttonwood_claims_failed_total", help: "Claims that failed, those among them whose books could not be rebuilt.")
    failovers = metrics.counter(
      "buttonwood_database_failovers_total",
      help: "Times that the database answered with another history: after a fail-over, a restart or a restored backup.")
    refusals = Dictionary(
      uniqueKeysWithValues: EntryRefusal.allCases.map { cause in
        (
          cause,
          metrics.counter(
            "buttonwood_stream_entries_refused_total",
            help: "Stream entries that were not carried out; their rows are read from the log.",
            labels: ["cause": cause.rawValue])
        )
      })
    discards = metrics.counter(
      "buttonwood_streams_discarded_total", help: "Times that a shard's stream was ahead of its log and was discarded.")
    pauses = metrics.counter(
      "buttonwood_trading_pauses_total", help: "Trading pauses that this worker has begun as leader.")
    steps = metrics.counter(
      "buttonwood_session_steps_total", help: "Steps of their day that this worker has told instruments as leader.")
    replacedKeys = metrics.counter(
      "buttonwood_redis_keys_replaced_total",
      help: "Keys in Redis that held what no program of the exchange writes, and were replaced.")
    contests = metrics.counter(
      "buttonwood_redis_claims_denied_total",
      help: "Times that a lease or the assignment in Redis claimed what PostgreSQL denies, and was written over.")
    outages = metrics.counter("buttonwood_redis_failures_total", help: "Times that Redis could not be used.")
  }

  /// Counts an event.
  func count(_ event: WorkerEvent) {
    switch event {
    case .claimed: claims.add()
    case .handedOver: handOvers.add()
    case .elected:
      elections.add()
      leads.set(1)
    case .steppedDown: leads.set(0)
    case .reassigned(_, let shards): moves.add(shards)
    case .stalledSession: break  // ``StalledSessionLog`` counts them.
    case .released, .contestDelayed, .standing, .electionFailed, .housekeepingFailed, .daysKept,
      .instructed,
      .clockChanged,
      .marketDelayed, .pausesEnded, .expiryStuck:
      break
    case .contested: contests.add()
    case .keyReplaced: replacedKeys.add()
    case .tradingPaused: pauses.add()
    case .instrumentsInstructed(_, _, let instruments): steps.add(instruments)
    case .claimFailed, .recoveryFailed: failedClaims.add()
    case .leaseLost, .fenced, .dropped, .letGo: losses.add()
    case .trouble: break  // ``PortTroubleLog`` counts them.
    case .settlementDelayed(let cause, _): retries[cause]?.add()
    case .commandFailed: failures.add()
    case .quarantined: quarantines.add()
    case .databaseFailedOver: failovers.add()
    case .entriesRefused(_, let cause, let count): refusals[cause]?.add(count)
    case .streamDiscarded: discards.add()
    case .streamUnavailable, .leasesUnavailable, .wakeUpsUnavailable: outages.add()
    case .settled(let count, let span):
      commands.add(count)
      batches.observe(Int64(count))
      settlements.observe(span)
    }
  }
}
