internal import Market
internal import Sharding

/// The names of everything in Redis. `{…}` keeps what belongs to a shard on one slot of a cluster.
enum Keys {
  /// Stream: the log rows of a shard that are not settled yet.
  static func orders(_ shard: Shard) -> String { "bw:{s\(shard.rawValue)}:orders" }

  /// Hash that expires: who works on a shard.
  static func lease(_ shard: Shard) -> String { "bw:{s\(shard.rawValue)}:lease" }

  /// Stream: trades, quotes and changes of the books of a shard.
  static func market(_ shard: Shard) -> String { "bw:{s\(shard.rawValue)}:market" }

  /// Hash: the latest state of an instrument.
  static func marketState(_ shard: Shard, _ symbol: Symbol) -> String { "bw:{s\(shard.rawValue)}:md:\(symbol)" }

  /// String that expires: the nonce of the owner that keeps the shard's states up to date.
  static func marketMark(_ shard: Shard) -> String { "bw:{s\(shard.rawValue)}:md" }

  /// Hash that expires: what a worker says of itself.
  static func worker(_ worker: WorkerID) -> String { "bw:worker:\(worker)" }

  /// String that expires: what an operator has told a worker.
  static func order(_ worker: WorkerID) -> String { "bw:worker:\(worker):order" }

  /// Hash that expires: who leads.
  static let leader = "bw:leader"

  /// Hash: which worker the leader assigns to which shard, with the term and the generation that wrote it.
  static let assignment = "bw:assignment"

  /// Sorted set: worker names by last heartbeat, in milliseconds of the server's clock.
  static let workers = "bw:workers"

  /// Stream: who claimed, gave up or lost which shard, and why.
  static let fleetEvents = "bw:history"

  /// Stream: which accounts have news, for gateways and notifiers; accounts are spread over a few.
  static func events(_ number: Int) -> String { "bw:events:\(number)" }

  /// The streams that belong to no shard.
  static let sharedStreams = [fleetEvents] + (0..<RedisEventWakeUps.streams).map(events)

  /// The consumer group of the orders streams that mirrors what is settled; nobody reads through it.
  static let matchers = "matchers"
}
