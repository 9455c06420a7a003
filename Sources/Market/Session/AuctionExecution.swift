/// How an auction is held, as the log row says that begins it.
public struct AuctionTerms: Hashable, Sendable {
  /// Trades that a part makes, or orders that it ends, at most; 0 for all at once.
  public var partLimit: Int16
  /// The price that the instrument was listed with: what counts as long as it has not traded.
  public var reference: Price?

  /// Names terms.
  public init(partLimit: Int16, reference: Price? = nil) {
    self.partLimit = partLimit
    self.reference = reference
  }

  /// All in the command that begins it.
  public static let whole = AuctionTerms(partLimit: 0)
  /// Trades of a part where nobody says otherwise: about as much work for the database as the thousand orders that a part
  /// of an expiry ends.
  public static let usualPartLimit: Int16 = 500
}

/// An auction that is being executed, part by part: what has to be known between two parts, beside the orders.
///
/// An auction goes through rounds. A round fixes a price, once, for the orders that were placed before a row of the log, and
/// crosses them at it. A further round follows only where orders that came meanwhile, or that cancels have left, cross.
public struct AuctionExecution: Hashable, Sendable {
  /// What is done next. Raw values are stored.
  public enum Stage: UInt8, Hashable, Sendable, CaseIterable {
    /// The price of a round has to be fixed.
    case pricing = 0
    /// Orders cross at the price.
    case crossing = 1
    /// What was for this auction only, and did not trade, ends.
    case clearing = 2
  }

  /// What is done next.
  public var stage: Stage
  /// The price of all trades of the round; nil unless orders cross.
  public var price: Price?
  /// Orders take part whose place in the queue is older than this log row.
  public var before: Sequence
  /// Whether the round is a closing auction: then it is followed by none, and orders for the close take part.
  public var isClosing: Bool
  /// A close that came meanwhile: its auction is held next.
  public var nextClose: Sequence?
  /// What counts as the last price as long as nothing has traded.
  public var reference: Price?
  /// About how many orders are left to trade or to end in this stage; nothing depends on it.
  public var left: Int64

  /// Describes an auction.
  public init(
    stage: Stage, price: Price? = nil, before: Sequence, isClosing: Bool, nextClose: Sequence? = nil,
    reference: Price? = nil, left: Int64 = 1
  ) {
    self.stage = stage
    self.price = price
    self.before = before
    self.isClosing = isClosing
    self.nextClose = nextClose
    self.reference = reference
    self.left = left
  }
}
