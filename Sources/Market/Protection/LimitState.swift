/// What an instrument's best prices have come to in relation to its bands: a limit state that lasts becomes a trading pause.
///
/// Source: Plan to Address Extraordinary Market Volatility, sections VI and VII: a limit state begins when the best offer is at
/// the lower band or the best bid at the upper one and does not cross the other side; unless it ends within 15 seconds, trading
/// pauses for five minutes and reopens by auction.
public struct LimitState: Hashable, Sendable {
  /// How long a limit state lasts before trading pauses, in microseconds: 15 seconds.
  public static let patience: Int64 = 15 * 1_000_000
  /// How long trading pauses, in microseconds: five minutes.
  public static let pause: Int64 = 5 * 60 * 1_000_000

  /// Which band the market stands at.
  public enum Edge: UInt8, Hashable, Sendable {
    /// The best offer is at the lower band: limit down.
    case lower = 0
    /// The best bid is at the upper band: limit up.
    case upper = 1
  }

  /// The band that the market stands at; nil when it stands at none.
  public private(set) var edge: Edge?
  /// Since when.
  public private(set) var since: Timestamp?

  /// A state as it is remembered; none when nothing is given.
  public init(_ edge: Edge? = nil, since: Timestamp? = nil) {
    self.edge = edge
    self.since = edge == nil ? nil : since
  }

  /// Looks at the best prices.
  /// - Returns: Whether the limit state begins, changes or ends with this.
  @discardableResult
  public mutating func look(bid: Price?, ask: Price?, band: PriceBand, at time: Timestamp) -> Bool {
    let now: Edge? =
      if let bid, bid >= band.upper { .upper } else if let ask, ask <= band.lower { .lower } else { nil }
    guard now != edge else { return false }
    edge = now
    since = now == nil ? nil : time
    return true
  }

  /// Whether trading has to pause.
  public func hasToPause(at time: Timestamp) -> Bool {
    since.map { time.microseconds(since: $0) >= Self.patience } ?? false
  }
}

extension LimitState.Edge {
  /// For people: `limit up`.
  public var words: String {
    switch self {
    case .lower: "limit down"
    case .upper: "limit up"
    }
  }
}
