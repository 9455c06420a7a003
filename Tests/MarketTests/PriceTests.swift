import Market
import TestKit
import Testing

@Suite struct PriceTests {
  @Test(arguments: [
    ("0.0001", true), ("0.9999", true), ("0.5555", true), ("1", true), ("1.0001", false), ("1.01", true),
    ("1.005", false), ("100.05", true), ("100.055", false), ("1000000", true),
  ])
  func centsFromOneDollarAndHundredthsOfCentsBelow(_ text: String, _ isOnGrid: Bool) throws {
    #expect(try #require(Price(text)).isOnGrid == isOnGrid)
  }

  @Test(arguments: [1, 2] as [UInt64])
  func roundingFindsTheNearestPriceOfTheGrid(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<2_000 {
      let price = Price(rawValue: random.number(0...(random.oneIn(2) ? 20_000 : Price.maximum.rawValue)))
      let (down, up) = (price.roundedDownToGrid, price.roundedUpToGrid)
      #expect(down.isOnGrid && up.isOnGrid && down <= price && price <= up, "seed \(seed): \(price)")
      #expect(price.isOnGrid ? down == up : up.rawValue - down.rawValue == price.increment.rawValue)
    }
  }

  @Test func costIsExactAndSaysWhenItCannotBe() {
    #expect(Price.maximum * .maximum == .dollars(10_000_000_000_000))
    #expect(Price.maximum.cost(of: .maximum) == Price.maximum * .maximum)
    let most = Price(rawValue: .max / 10_000_000)
    #expect(most.cost(of: .maximum) != nil)
    #expect(Price(rawValue: most.rawValue + 1).cost(of: .maximum) == nil)
    #expect(Price(rawValue: .min).cost(of: Quantity(rawValue: -1)) == nil)
  }

  @Test func aProductBeyondRangeStopsTheProcess() async {
    await #expect(processExitsWith: .failure) {
      // Shown, for an optimizer leaves out what nobody looks at.
      print(Price(rawValue: .max) * Quantity(rawValue: 2))
    }
  }

  @Test func aSumOfMoneyBeyondRangeStopsTheProcess() async {
    #expect(Money(rawValue: .max).adding(Money(rawValue: 1)) == nil)
    #expect(Money(rawValue: .max).adding(Money(rawValue: -1)) == Money(rawValue: .max - 1))
    await #expect(processExitsWith: .failure) {
      print(Money(rawValue: .max) + Money(rawValue: 1))
    }
  }

  @Test func symbolsAreUpperCaseAndShort() {
    for text in ["A", "AAPL", "BRK.B", "BF-A", "X1", "ABCDEFGHIJKL"] { #expect(Symbol(text)?.description == text) }
    for text in ["", "aapl", "1X", ".A", "-A", "ABCDEFGHIJKLM", "A B", "A/B", "Ä", "A\n", "A\u{301}"] {
      #expect(Symbol(text) == nil, "\(text)")
    }
  }
}
