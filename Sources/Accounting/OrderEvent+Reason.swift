extension OrderEvent {
  /// Why it happened, in words for the order's owner; nil when there is nothing to explain beyond what happened.
  public var explanation: String? { Self.explanation(of: reason) }

  /// A reason in words for the order's owner; nil when there is nothing to explain beyond what happened.
  public static func explanation(of reason: UInt8) -> String? {
    switch reason {
    // The engine's own, in the order of its `BookEvent.Reason`.
    case 2: "no more shares within the price"
    case 3: "not fillable as a whole"
    case 4: "would trade with an order of the same account"
    case 5: "a post-only order would trade at entry"
    case 6: "the order is not open any more"
    case 7: "the quantity is not above what has been filled"
    case 8: "the order is in the book already"
    case 9: "the order cannot be changed in this way"
    case Self.refusedByOperator: "refused by the exchange's operator"
    case Self.entryEnded: "the entry of its class ended without being filled"
    case Self.otherEnded: "the other exit of its class was filled, fired or ended"
    case Self.outsideSession: "an order that trades at once or not at all needs a market that is open"
    case Self.openingOver: "the opening auction is over"
    case Self.noAuctions: "this instrument has no auctions"
    case Self.auctionOver: "the auction is over"
    default: nil
    }
  }
}
