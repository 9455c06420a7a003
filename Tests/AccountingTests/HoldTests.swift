import Accounting
import Market
import TestKit
import Testing

@Suite struct HoldTests {
  @Test func aBuyHoldsMoneyAndASellShares() {
    let (price, leaves) = (Price("100.05")!, Quantity(rawValue: 7))
    #expect(Hold.amount(.buy, price: price, leaves: leaves) == 7_003_500)
    #expect(Hold.amount(.sell, price: price, leaves: leaves) == 7)
  }

  /// Whatever executes before the replacement is carried out, the pair's hold covers the new order, and the hold is no
  /// larger than the worst case needs.
  @Test(arguments: Side.allCases, [1, 2, 3] as [UInt64])
  func theExtraHoldOfAReplacementCoversEveryInterleaving(side: Side, seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<2_000 {
      let oldPrice = Price(rawValue: random.number(1...2_000_000))
      let newPrice = random.oneIn(4) ? oldPrice : Price(rawValue: random.number(1...2_000_000))
      let (old, new) = (Quantity(rawValue: random.number(1...60)), Quantity(rawValue: random.number(1...60)))
      let extra = Hold.extra(side, oldPrice: oldPrice, oldLeaves: old, newPrice: newPrice, newLeaves: new)
      #expect(extra >= 0)
      let slack = (0...min(old.rawValue, new.rawValue)).map { executed in
        let held = Hold.amount(side, price: oldPrice, leaves: old - Quantity(rawValue: executed)) + extra
        return held - Hold.amount(side, price: newPrice, leaves: new - Quantity(rawValue: executed))
      }
      let least = slack.min()!
      #expect(least >= 0, "seed \(seed): \(side) \(old) @ \(oldPrice) → \(new) @ \(newPrice)")
      #expect(extra == 0 || least == 0, "seed \(seed): more is held than the worst case needs")
    }
  }
}
