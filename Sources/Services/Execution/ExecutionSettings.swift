internal import Lifecycle
public import Market
public import Sharding

/// Bounds and rhythms of a worker.
public struct ExecutionSettings: Sendable {
  /// Commands in one settling transaction at most, over all shards.
  public var batchLimit = 512
  /// Orders that the parts of an expiry in one settling transaction end at most, beside its other commands: what is big
  /// keeps others waiting.
  public var expiryLimit = 1_000
  /// Orders that stand in instruments which one settling transaction opens, closes or halts at most.
  public var collectLimit = 10_000
  /// Entries read from one shard's stream at a time at most.
  public var readLimit = 512
  /// Rows read from the log at a time at most.
  public var logLimit = 2_000
  /// How long a read waits for entries.
  public var readWait = Duration.milliseconds(50)
  /// How long a gap may stand before it is filled from the log: gateways publish out of order by a little.
  public var gapPatience = Duration.milliseconds(4)
  /// How often the log is asked for rows that no stream delivered.
  public var silencePeriod = Duration.milliseconds(200)
  /// How soon the log is asked again how far it goes while streams carry entries that are refused: whoever writes them must not
  /// make workers ask all the time.
  public var refusalPause = Duration.milliseconds(20)
  /// How often the database is asked at most which history it writes while streams speak of another.
  public var historyPeriod = Duration.seconds(1)
  /// Bound of the pause before a settlement is tried again for the first time; it doubles with every try.
  public var retryBase = Duration.milliseconds(10)
  /// Longest pause between two tries of a settlement while the database is away.
  public var retryCeiling = Duration.milliseconds(500)
  /// Claims in a row at the same place of the log after which a shard is worked command by command.
  public var suspectAfter = 2
  /// Tries after which a command that fails again and again goes into quarantine.
  public var quarantineAfter = 3
  /// Commands of a shard that may go into quarantine one after the other without one between them that settles; after
  /// these a pause is made before each.
  public var quarantineRun = 10
  /// That pause: when everything fails, the fault is hardly the commands'.
  public var quarantinePause = Duration.seconds(30)
  /// Bound of the pause before a shard whose books could not be rebuilt is claimed again; it doubles with every failure.
  public var claimBase = Duration.milliseconds(500)
  /// Longest pause between two such claims.
  public var claimCeiling = Duration.seconds(30)
  /// How long a round may take before the worker lets its leases go: longer than the database lets it wait for a lock. A
  /// database that swallows everything shows in nothing else for as long.
  public var stuckAfter = TimeLimits.stuck.value
  /// How long a worker that does not reach the database keeps its leases: others may reach it.
  public var unreachableAfter = TimeLimits.unreachable.value
  /// Life of a lease and of a heartbeat without renewal.
  public var leaseLifetime = TimeLimits.lease.value
  /// How often leases and heartbeat are renewed.
  public var renewalPeriod = TimeLimits.renewal.value
  /// How often the fleet is looked at.
  public var pollPeriod = Duration.milliseconds(100)
  /// Shards that are claimed in one transaction at most.
  public var claimLimit = 16
  /// How often it is looked whether a shard that was asked for has been handed over.
  public var handOverPoll = Duration.milliseconds(5)
  /// How long an owner has to hand a shard over before it is asked anew.
  public var handOverPatience = TimeLimits.handOver.value
  /// How long a stopping worker waits for others to take its shards over before it just lets go.
  public var drainLimit = TimeLimits.workerDrain.value
  /// When the leader moves shards.
  public var balance = Balancer.Limits()
  /// How often the leader keeps the coming days' tables ready.
  public var housekeepingPeriod = Duration.seconds(3_600)
  /// How soon it looks again when it is not the hour to make tables.
  public var housekeepingRest = Duration.seconds(60)
  /// Who opens and closes the market, and when.
  public var market = MarketDirector()
  /// How often the leader looks at the market's clock at least.
  public var marketPeriod = Duration.milliseconds(250)
  /// Shards of which the leader counts in one turn what has to expire at most.
  public var countedShards = 16
  /// How often the leader looks for sessions whose clients have stopped.
  public var stalledSessionPeriod = TimeLimits.sessionPeriod.value
  /// How soon it tries again after a failure.
  public var housekeepingRetry = Duration.seconds(5)

  /// Bounds with their defaults.
  public init() {}

  var retry: Backoff { Backoff(base: retryBase, ceiling: retryCeiling) }
  var reclaim: Backoff { Backoff(base: claimBase, ceiling: claimCeiling) }
}
