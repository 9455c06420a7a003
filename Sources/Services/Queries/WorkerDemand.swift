public import Market
public import Ports
internal import Sharding

/// How many workers there should be, and why: from what comes in, what is left over and what a worker can do.
public struct WorkerDemand: Hashable, Sendable {
  /// By what it is judged.
  public struct Limits: Hashable, Sendable {
    /// Commands a second that a worker is expected to settle, until one that has its hands full shows what it really can.
    public var expectedCapacity: Int64 = 4_000
    /// How full workers should be, in percent of their capacity: above it more are wanted.
    public var fullestPercent: Int64 = 70
    /// How full the remaining workers may become, in percent, when one is given up: so that it is not wanted again soon.
    public var emptiestPercent: Int64 = 40
    /// Within what span a backlog should be worked off; whole seconds.
    public var backlogSpan = Duration.seconds(10)
    /// A worker that is busy for this many thousandths of its time has its hands full.
    public var fullPermille = 900

    /// The usual limits.
    public init() {}
  }

  /// What one shard asks for.
  public struct ShardDemand: Hashable, Sendable {
    /// The shard.
    public var shard: Shard
    /// Commands a second that come in.
    public var arrivals: Int64
    /// Commands accepted and not settled yet.
    public var backlog: Int64

    /// Describes what a shard asks for.
    public init(shard: Shard, arrivals: Int64, backlog: Int64) {
      self.shard = shard
      self.arrivals = arrivals
      self.backlog = backlog
    }
  }

  /// How many there are that take shards; nil when that is not known.
  public var active: Int?
  /// How many there should be.
  public var wanted: Int
  /// Why, in a sentence.
  public var reason: String
  /// Commands a second that come in.
  public var arrivals: Int64
  /// Commands accepted and not settled yet.
  public var backlog: Int64
  /// Commands a second that one worker is taken to settle.
  public var capacity: Int64
  /// Whether that was measured, by workers that have their hands full.
  public var isCapacityMeasured: Bool
  /// Shards that keep a worker of their own too full: more workers do not help them.
  public var hotShards: [ShardDemand]

  /// Judges a fleet; workers that drain do not count.
  /// - Parameter workers: The workers that are alive; nil when they are not known.
  public init(workers: [Heartbeat]?, shards: [ShardDemand], limits: Limits = Limits()) {
    let takers = (workers ?? []).filter { $0.state == .active }
    let full = takers.filter { $0.busyPermille >= limits.fullPermille && $0.commandsPerSecond > 0 }
    active = workers.map { _ in takers.count }
    arrivals = shards.reduce(0) { $0 + $1.arrivals }
    backlog = shards.reduce(0) { $0 + $1.backlog }
    isCapacityMeasured = !full.isEmpty
    let capacity =
      full.isEmpty
      ? limits.expectedCapacity : max(1, Int64(full.reduce(0) { $0 + $1.commandsPerSecond } / full.count))
    self.capacity = capacity
    let span = max(1, limits.backlogSpan.components.seconds)
    hotShards = shards.filter {
      ($0.arrivals + $0.backlog / span) * 100 > capacity * limits.fullestPercent
    }
    let work = arrivals + backlog / span
    func count(atPercent percent: Int64) -> Int {
      Int((work * 100 + capacity * percent - 1) / (capacity * percent))
    }
    let most = max(1, shards.count)
    let atLeast = min(most, max(1, count(atPercent: limits.fullestPercent)))
    let atMost = min(most, max(1, count(atPercent: limits.emptiestPercent)))
    let what = "\(arrivals) commands/s and \(backlog) waiting"
    guard workers != nil else {
      wanted = atLeast
      reason = "\(what) ask for \(atLeast); the workers are not known while Redis cannot be read"
      return
    }
    if takers.count < atLeast {
      wanted = atLeast
      reason = takers.isEmpty ? "no worker is active" : "\(what) are too much for \(takers.count) at \(capacity)/s each"
    } else if takers.count > atMost {
      wanted = atMost
      reason = "\(what) leave \(takers.count) workers at \(capacity)/s each with too little to do"
    } else {
      wanted = takers.count
      reason = "\(what) are right for \(takers.count) at \(capacity)/s each"
    }
    if count(atPercent: limits.fullestPercent) > most {
      reason += "; more than \(most) find nothing to do, because there are \(most) shards"
    }
    if !hotShards.isEmpty {
      let names = hotShards.prefix(5).map(\.shard.description).joined(separator: ", ")
      reason += "; shard \(names) is too much for one worker alone"
    }
  }
}
