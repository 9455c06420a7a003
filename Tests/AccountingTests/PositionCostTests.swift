import Accounting
import Market
import Testing

/// What positions cost: by the order of executions alone, and to the last digit.
struct PositionCostTests {
  /// An execution: shares bought, or sold below zero, at a price.
  private struct Fill {
    var shares: Int64
    var price: Int64
    var value: Money { Money(rawValue: max(0, shares) * price) }
  }

  /// The obvious version, for small numbers: what is left of a lot is `cost * left / all`, to the nearest 10⁻¹² dollar.
  private struct NaivePosition {
    var (cost, all, left) = (Int128(0), Int128(0), Int128(0))

    static func nearest(_ dividend: Int128, _ divisor: Int128) -> Int128 {
      let (below, twice) = (dividend / divisor, 2 * (dividend % divisor))
      return twice < divisor || (twice == divisor && below % 2 == 0) ? below : below + 1
    }

    mutating func take(_ fill: Fill) {
      guard fill.shares > 0 else {
        left += Int128(fill.shares)
        if left == 0 { (cost, all) = (0, 0) }
        return
      }
      if left != all { (cost, all) = (Self.nearest(cost * left, all), left) }
      cost += Int128(fill.shares) * Int128(fill.price) * 100_000_000
      all += Int128(fill.shares)
      left += Int128(fill.shares)
    }

    /// In 1/10000 dollar, and in 10⁻⁶ dollar.
    var shown: (cost: Int128, average: Int128) {
      all == 0 ? (0, 0) : (Self.nearest(cost * left, all * 100_000_000), Self.nearest(cost, all * 1_000_000))
    }
  }

  private static func dollars(_ text: String) -> Money { Money(text)! }

  @Test func salesBeforeAPurchaseTakeTheOldSharesAwayWhollyOrInPart() {
    var position = PositionCost()
    position.buy(Quantity(rawValue: 100), for: .dollars(1_000))
    position.sell(Quantity(rawValue: 100))
    #expect(position == PositionCost())
    position.buy(Quantity(rawValue: 100), for: .dollars(1_500))
    #expect(position.averageMicrodollars == 15_000_000)
    #expect(position.cost == .dollars(1_500))
    position.sell(Quantity(rawValue: 50))
    position.buy(Quantity(rawValue: 50), for: .dollars(1_000))
    #expect(position.averageMicrodollars == 17_500_000, "50 at 15 and 50 at 20")
    #expect(position.cost == .dollars(1_750))
  }

  @Test func aSaleNeverMovesTheAverage() {
    var position = PositionCost()
    position.buy(Quantity(rawValue: 2), for: Self.dollars("20.02"))
    position.buy(Quantity(rawValue: 1), for: Self.dollars("10.03"))
    #expect(position.averageMicrodollars == 10_016_667)
    let lotCost = position.lotCost
    position.sell(Quantity(rawValue: 1))
    #expect(position.averageMicrodollars == 10_016_667)
    #expect(position.lotCost == lotCost && position.lotShares == Quantity(rawValue: 3))
    #expect(position.cost == Self.dollars("20.0333"))
    position.sell(Quantity(rawValue: 1))
    #expect(position.averageMicrodollars == 10_016_667)
    #expect(position.cost == Self.dollars("10.0167"))
  }

  @Test func tenStaysTenHoweverOftenSharesComeAndGo() {
    var position = PositionCost(Quantity(rawValue: 7), for: .dollars(70))
    for round in 0..<10_000 {
      position.sell(Quantity(rawValue: Int64(1 + round % 3)))
      #expect(position.averageMicrodollars == 10_000_000)
      position.buy(Quantity(rawValue: Int64(1 + round % 3)), for: .dollars(Int64(10 * (1 + round % 3))))
    }
    #expect(position.cost == .dollars(70) && position.quantity == Quantity(rawValue: 7))
  }

  @Test func halvesAreRoundedToTheEvenNeighbour() {
    // Of three shares for 1/10000 dollar, and of two for odd ones.
    #expect(
      PositionCost(lotCost: 300_000_000, lotShares: Quantity(rawValue: 2), quantity: Quantity(rawValue: 1))?.cost
        == Money(rawValue: 2))
    #expect(
      PositionCost(lotCost: 500_000_000, lotShares: Quantity(rawValue: 2), quantity: Quantity(rawValue: 1))?.cost
        == Money(rawValue: 2))
    #expect(
      PositionCost(lotCost: 500_000_001, lotShares: Quantity(rawValue: 2), quantity: Quantity(rawValue: 1))?.cost
        == Money(rawValue: 3), "what is over decides")
    var position = PositionCost(lotCost: 3, lotShares: Quantity(rawValue: 2), quantity: Quantity(rawValue: 1))!
    position.buy(Quantity(rawValue: 1), for: .zero)
    #expect(position.lotCost == 2)
  }

  @Test func aLotNeverHasLessThanIsLeftOfIt() {
    #expect(PositionCost(lotCost: 1, lotShares: .zero, quantity: Quantity(rawValue: 1)) == nil)
    #expect(PositionCost(lotCost: 1, lotShares: Quantity(rawValue: 1), quantity: Quantity(rawValue: -1)) == nil)
    #expect(PositionCost(lotCost: 0, lotShares: .zero, quantity: .zero) == PositionCost())
  }

  @Test func theLargestHoldingsAreCounted() {
    var position = PositionCost(Quantity(rawValue: .max / 2), for: Money(rawValue: .max))
    #expect(position.cost == Money(rawValue: .max))
    position.sell(Quantity(rawValue: 1))
    position.buy(Quantity(rawValue: 1), for: .zero)
    #expect(position.cost > .zero && position.averageMicrodollars != nil)
  }

  /// Random executions, cut into batches at random, against the obvious version of one execution after the other.
  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func everyCutGivesWhatOneAfterTheOtherGives(seed: UInt64) {
    var random = SeedNumbers(seed: seed)
    var fills: [Fill] = []
    var left: Int64 = 0
    for _ in 0..<400 {
      let price = Int64.random(in: 1...2_000_000, using: &random)
      let isSale = left > 0 && Bool.random(using: &random)
      let shares = isSale ? -Int64.random(in: 1...left, using: &random) : Int64.random(in: 1...5_000, using: &random)
      fills.append(Fill(shares: shares, price: price))
      left += shares
    }
    var naive = NaivePosition()
    var position = PositionCost()
    var rest = fills[...]
    while !rest.isEmpty {
      let batch = rest.prefix(Int.random(in: 1...12, using: &random))
      rest = rest.dropFirst(batch.count)
      var together = PositionFills()
      for fill in batch {
        naive.take(fill)
        if fill.shares > 0 {
          together.buy(Quantity(rawValue: fill.shares), for: fill.value)
        } else {
          together.sell(Quantity(rawValue: -fill.shares))
        }
      }
      let average = position.averageMicrodollars
      position.apply(together)
      #expect(position.lotCost == naive.cost && Int128(position.lotShares.rawValue) == naive.all, "seed \(seed)")
      #expect(Int128(position.cost.rawValue) == naive.shown.cost, "seed \(seed)")
      #expect(Int128(position.averageMicrodollars ?? 0) == naive.shown.average, "seed \(seed)")
      if batch.allSatisfy({ $0.shares < 0 }), position.quantity > .zero {
        #expect(position.averageMicrodollars == average, "seed \(seed)")
      }
      #expect(
        together.runs.count <= batch.count
          && together.bought.rawValue - together.sold.rawValue
            == batch.reduce(0) { $0 + $1.shares }
      )
    }
  }
}

/// Random numbers from a seed: SplitMix64.
private struct SeedNumbers: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
