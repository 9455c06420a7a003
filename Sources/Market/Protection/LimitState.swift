/// What an instrument's best prices have come to in relation to its band: a limit state that lasts becomes a trading pause.
///
/// Source: Plan to Address Extraordinary Market Volatility, sections VI and VII: a limit state begins when the best offer is at
/// the lower band or the best bid at the upper one and does not cross the other side; unless it ends within 15 seconds, trading
/// pauses for five minutes and reopens by auction.
public struct LimitState: Hashable, Sendable {
  /// How long a limit state lasts before trading pauses: 15 seconds.
  public static let patience = Duration.seconds(15)
  /// How long trading pauses: five minutes.
  public static let pause = Duration.seconds(5 * 60)

  /// Which end of the band the market stands at.
  public enum Edge: UInt8, Hashable, Sendable {
    /// The best offer is at the lower end: limit down.
    case lower = 0
    /// The best bid is at the upper end: limit up.
    case upper = 1

    /// The end that the best prices of a book have come to; nil for none.
    public init?(bid: Price?, ask: Price?, band: PriceBand) {
      if let bid, bid >= band.upper {
        self = .upper
      } else if let ask, ask <= band.lower {
        self = .lower
      } else {
        return nil
      }
    }

    /// For people: `limit up`.
    public var words: String {
      switch self {
      case .lower: "limit down"
      case .upper: "limit up"
      }
    }
  }

  /// Which end the market stands at.
  public var edge: Edge
  /// Since when.
  public var since: Timestamp

  /// Names a state.
  public init(_ edge: Edge, since: Timestamp) {
    self.edge = edge
    self.since = since
  }

  /// Whether trading has to pause.
  public func hasToPause(at time: Timestamp) -> Bool { time.span(since: since) >= Self.patience }
}
