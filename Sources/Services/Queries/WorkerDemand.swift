public import Ports
internal import Sharding

/// How many workers there should be, and why.
public struct WorkerDemand: Hashable, Sendable {
  /// Commands not yet settled, in one shard, above which one more worker is wanted.
  public static let lagBound: Int64 = 10_000

  /// How many.
  public var wanted: Int
  /// Why, in a sentence.
  public var reason: String

  /// Judges a fleet; workers that drain do not count.
  /// - Parameter workers: The workers that are alive; nil when they are not known.
  public init(workers: [Heartbeat]?, lags: [ShardLag]) {
    let active = workers?.count { $0.state == .active } ?? 0
    let late = lags.count { $0.commands > Self.lagBound }
    wanted = max(1, active)
    if workers == nil {
      reason = "the workers are not known while Redis cannot be read"
    } else if active == 0 {
      reason = "no worker is active"
    } else if late == 0 {
      reason = "no shard has more than \(Self.lagBound) unsettled commands"
    } else if active >= lags.count {
      reason =
        "\(late) shards have more than \(Self.lagBound) unsettled commands, but every shard can have a worker of its own"
    } else {
      wanted += 1
      reason = "\(late) shards have more than \(Self.lagBound) unsettled commands"
    }
  }
}
