/// How far a trading day has come. Raw values are stored, in the order of the day.
@frozen
public enum SessionStage: UInt8, Hashable, Comparable, Sendable, CaseIterable {
  /// Orders are collected for the opening auction, whose price is indicated.
  case preOpen = 0
  /// Orders trade as they come, after the opening auction.
  case open = 1
  /// The closing auction has been held; orders are collected for the next day.
  case closed = 2

  public static func < (one: SessionStage, other: SessionStage) -> Bool { one.rawValue < other.rawValue }
}

extension SessionStage {
  /// For people and for JSON: `pre-open`.
  public var word: String {
    switch self {
    case .preOpen: "pre-open"
    case .open: "open"
    case .closed: "closed"
    }
  }
}
