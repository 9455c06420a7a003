/// Follows a count of log rows that could not be published: when that begins and when it has ended.
public struct UnpublishedRows: Sendable {
  /// An edge.
  public enum Edge: Hashable, Sendable {
    /// Rows cannot be published though Redis is there: it is full, read-only or refuses the login.
    case failing
    /// For some looks none has failed; so many did.
    case over(Int)
  }

  /// After how many looks without a failure it has ended.
  static let calmPolls = 5

  private var last = 0
  private var reported = false
  private var before = 0
  private var calm = 0

  /// Nothing has failed.
  public init() {}

  /// Takes a look.
  /// - Parameters:
  ///   - unpublished: How many rows could not be published since the process began.
  ///   - isRedisUp: Without Redis nothing is published, which is told by others.
  /// - Returns: What has changed, if anything has.
  public mutating func polled(_ unpublished: Int, isRedisUp: Bool) -> Edge? {
    let fresh = unpublished - last
    last = unpublished
    calm = fresh > 0 ? 0 : calm + 1
    if fresh > 0, !reported, isRedisUp {
      reported = true
      before = unpublished - fresh
      return .failing
    }
    guard reported, calm >= Self.calmPolls else { return nil }
    reported = false
    return .over(unpublished - before)
  }
}
