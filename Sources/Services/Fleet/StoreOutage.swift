/// Follows one store: when it is lost, when it is back, and how many were refused meanwhile. It tells edges alone, and takes
/// a store that stutters as lost until it has answered for a while.
///
/// A value: what it is told, it judges by the moments that it is given.
public struct StoreOutage: Hashable, Sendable {
  /// An edge.
  public enum Edge: Hashable, Sendable {
    /// It does not answer any more.
    case lost(reason: String)
    /// It answers again.
    case back(after: Duration, refused: Int)
  }

  /// How long it must answer before it counts as back.
  public static let calm = Duration.seconds(1)

  /// Whether it is taken as there.
  public private(set) var isUp = true
  private var lostAt = Duration.zero
  private var answeredSince: Duration?
  private var refused = 0

  /// A store of which nothing is known; it is taken as there.
  public init() {}

  /// It was asked.
  /// - Parameters:
  ///   - fault: Why it cannot be used; nil when it answered.
  ///   - now: On a clock that only moves forward.
  /// - Returns: What has changed, if anything has.
  public mutating func asked(_ fault: String?, at now: Duration) -> Edge? {
    if let fault {
      answeredSince = nil
      guard isUp else { return nil }
      (isUp, lostAt) = (false, now)
      return .lost(reason: fault)
    }
    guard !isUp else { return nil }
    let since = answeredSince ?? now
    answeredSince = since
    guard now - since >= Self.calm else { return nil }
    defer { (isUp, answeredSince, refused) = (true, nil, 0) }
    return .back(after: since - lostAt, refused: refused)
  }

  /// Requests had to be refused: they count while it is lost.
  public mutating func refused(_ count: Int) {
    if !isUp { refused += count }
  }
}
