/// How much work a shard is, as its owner measures it.
public struct ShardLoad: Hashable, Sendable {
  /// Commands settled per second lately.
  public var commandsPerSecond: Int
  /// Time spent matching, in microseconds per second.
  public var matchingMicroseconds: Int
  /// Orders resting in its books.
  public var openOrders: Int

  /// Describes a load.
  public init(commandsPerSecond: Int = 0, matchingMicroseconds: Int = 0, openOrders: Int = 0) {
    self.commandsPerSecond = commandsPerSecond
    self.matchingMicroseconds = matchingMicroseconds
    self.openOrders = openOrders
  }

  /// What an idle shard weighs: it is looked after all the same.
  public static let idleWeight = 100

  /// The load as one number. Ten commands a second weigh as much as an idle shard, a millisecond of matching a second
  /// and ten thousand resting orders (their recovery, their memory) likewise.
  public var weight: Int {
    Self.idleWeight + 10 * commandsPerSecond + matchingMicroseconds / 10 + openOrders / 100
  }
}
