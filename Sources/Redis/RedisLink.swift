/// A client's way to its servers. It belongs to one thread.
protocol RedisLink: AnyObject {
  /// How many connections have been made.
  var generation: Int { get }
  /// How long the servers are left alone after failures; zero when the next call will try.
  var restRemaining: Duration { get }

  /// Sends commands and returns their replies in order.
  /// - Throws: ``RedisError`` when any reply is missing.
  func exchange(_ commands: [RedisCommand], blocking: Duration, repeatable: Bool) throws(RedisError) -> [RedisValue]

  /// Which connection the commands of a key go over now; makes one when there is none.
  func identity(for key: String) throws(RedisError) -> RedisConnectionIdentity

  /// Gives all connections up; the next call makes others.
  func disconnect()
}
