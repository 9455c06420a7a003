/// Which way an order goes (FIX tag 54). Raw values are stored.
@frozen
public enum Side: UInt8, Hashable, Sendable, CaseIterable {
  /// Bids for shares with cash.
  case buy = 0
  /// Offers shares for cash.
  case sell = 1

  /// The side an order of this side trades with.
  @inlinable
  public var opposite: Side { self == .buy ? .sell : .buy }
}

/// How an order is priced (FIX tag 40). Raw values are stored.
@frozen
public enum OrderType: UInt8, Hashable, Sendable, CaseIterable {
  /// Trades at its limit price or better.
  case limit = 0
  /// Trades at once at any price up to a protection price; what is left beyond it is cancelled.
  case market = 1
}

/// How long an order lives (FIX tag 59). Raw values are stored.
@frozen
public enum TimeInForce: UInt8, Hashable, Sendable, CaseIterable {
  /// Until the close of its trading day.
  case day = 0
  /// Until cancelled.
  case gtc = 1
  /// Trades what it can at once; the rest is cancelled.
  case ioc = 2
  /// Trades whole at once or not at all.
  case fok = 3
  /// Takes part in the opening auction only.
  case opg = 4
  /// Takes part in the closing auction only.
  case cls = 5

  /// Whether it is for one auction only.
  public var isForAuction: Bool { self == .opg || self == .cls }

  /// Whether it trades at once or not at all.
  public var isImmediate: Bool { self == .ioc || self == .fok }

  /// Whether an order of this life may stand where one of another, which comes later, meets it.
  ///
  /// What trades at once or not at all is gone before anything later is carried out. Orders for the close wait apart until it
  /// comes. Those for the opening wait for it, and until then nothing that trades at once is taken.
  public func mayStand(before incoming: TimeInForce) -> Bool {
    switch self {
    case .ioc, .fok: false
    case .day, .gtc: incoming != .cls
    case .opg: incoming != .cls && !incoming.isImmediate
    case .cls: incoming == .cls
    }
  }
}

/// What happens when an order would meet an order of its own account (FIX tag 2964, SelfTradeType). Raw values are stored.
@frozen
public enum SelfTradePrevention: UInt8, Hashable, Sendable, CaseIterable {
  /// The incoming order's rest is cancelled; the resting order stays.
  case cancelNewest = 0
  /// The resting order is cancelled; the incoming order goes on.
  case cancelOldest = 1
  /// Both are cancelled.
  case cancelBoth = 2
}
