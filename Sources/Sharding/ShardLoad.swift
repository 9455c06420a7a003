/// How much work a shard is, as its owner measures it.
public struct ShardLoad: Hashable, Sendable {
  /// Commands settled per second lately: 0 to ten million.
  public let commandsPerSecond: Int
  /// Time spent matching, in microseconds per second: 0 to ten million.
  public let matchingMicroseconds: Int
  /// Orders resting in its books: 0 to a thousand million.
  public let openOrders: Int

  /// Describes a load; figures beyond the ranges are brought within them, so that no sum over a fleet overflows, whatever a
  /// heartbeat says.
  public init(commandsPerSecond: Int = 0, matchingMicroseconds: Int = 0, openOrders: Int = 0) {
    self.commandsPerSecond = min(max(0, commandsPerSecond), 10_000_000)
    self.matchingMicroseconds = min(max(0, matchingMicroseconds), 10_000_000)
    self.openOrders = min(max(0, openOrders), 1_000_000_000)
  }

  /// What an idle shard weighs: it is looked after all the same.
  public static let idleWeight = 100

  /// The load as one number. Ten commands a second weigh as much as an idle shard, a millisecond of matching a second
  /// and ten thousand resting orders (their recovery, their memory) likewise.
  public var weight: Int {
    Self.idleWeight + 10 * commandsPerSecond + matchingMicroseconds / 10 + openOrders / 100
  }
}
