import Market
import TestKit
import Testing

@Suite struct MarketDepthTests {
  private func level(_ price: String, _ size: Int64) -> PriceLevelView {
    PriceLevelView(price: Price(price)!, size: Quantity(rawValue: size))
  }

  /// The values come from zlib's crc32 of the text in the second column.
  @Test func checksumIsTheCRCOfTheDocumentedText() {
    let bids = [level("100.05", 300), level("100", 50)]
    // 100.05:300,100:50;100.1:20
    #expect(DepthChecksum.of(bids: bids, asks: [level("100.1", 20)]) == 0xD1BC_F4FB)
    // ;0.0001:1
    #expect(DepthChecksum.of(bids: [], asks: [level("0.0001", 1)]) == 0x548C_4D73)
    // ;
    #expect(DepthChecksum.of(bids: [], asks: []) == 0x6309_06A9)
  }

  @Test func onlyTheBestTenLevelsCount() {
    let asks = (1...12).map { level("\($0)", 1) }
    let ten = DepthChecksum.of(bids: [], asks: asks.prefix(10))
    #expect(DepthChecksum.of(bids: [], asks: asks) == ten)
    #expect(DepthChecksum.of(bids: [], asks: asks.prefix(9)) != ten)
  }

  /// Levels set in any order stand as a sorted dictionary would have them.
  @Test(arguments: 1...8 as ClosedRange<UInt64>) func levelsStandInOrder(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var depth = MarketDepth(sequence: .zero, at: Timestamp(rawValue: 0))
    var sides: [Side: [Int64: Int64]] = [.buy: [:], .sell: [:]]
    for _ in 0..<400 {
      let side: Side = random.oneIn(2) ? .buy : .sell
      let price = Int64(random.number(1...30)) * 100
      let size = random.oneIn(3) ? 0 : Int64(random.number(1...500))
      depth.set(side, PriceLevelView(price: Price(rawValue: price), size: Quantity(rawValue: size)))
      sides[side]![price] = size == 0 ? nil : size
      let expected = sides[side]!.sorted { side == .buy ? $0.key > $1.key : $0.key < $1.key }
      #expect(
        depth[side].map { [$0.price.rawValue, $0.size.rawValue] } == expected.map { [$0.key, $0.value] }, "seed \(seed)"
      )
    }
  }
}
