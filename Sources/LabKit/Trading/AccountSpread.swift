package import Market

/// Which account places an order: one half of the accounts only buys, the other only sells.
///
/// So no account ever stands on both sides, and no order is refused because it could meet one of its own, even when
/// commands overtake each other on their way.
package struct AccountSpread: Sendable, Equatable {
  private let buyers: Int
  private let sellers: Int

  /// Spreads over accounts 0 to `accounts` − 1; nil when there are fewer than two.
  package init?(accounts: Int) {
    guard accounts >= 2 else { return nil }
    buyers = (accounts + 1) / 2
    sellers = accounts / 2
  }

  /// How many accounts there are.
  package var count: Int { buyers + sellers }

  /// The account of the order with this number: always the same, all accounts of a side about equally often.
  package func account(order number: UInt64, side: Side) -> Int {
    let mixed = (number &* 0x9E37_79B9_7F4A_7C15) >> 33
    switch side {
    case .buy: return 2 * Int(mixed % UInt64(buyers))
    case .sell: return 2 * Int(mixed % UInt64(sellers)) + 1
    }
  }
}
