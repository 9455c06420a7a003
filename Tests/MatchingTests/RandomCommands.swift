import Market
import Matching

/// Numbers from a seed: SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, 2014).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

/// Commands of every kind, most of them sensible: a crowd of few accounts in few instruments around few prices, so that
/// orders meet, queue and collide all the time.
struct RandomCommands {
  private var random: SeededGenerator
  private var nextKey: OrderKey = 1
  /// Keys that may be resting, for commands about them.
  private var recent: [OrderKey] = []
  private let span: Int64

  init(seed: UInt64, priceSpan: Int64 = 12) {
    random = SeededGenerator(seed: seed)
    span = priceSpan
  }

  mutating func batch(_ count: Int) -> [BookCommand] { (0..<count).map { _ in next() } }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  private mutating func next() -> BookCommand {
    switch number(0...99) {
    case 0..<60: place()
    case 60..<75: .cancel(oldKey(), in: instrument(), account: owner())
    case 75..<83: .reduce(oldKey(), by: quantity(), in: instrument(), account: owner())
    default: replace()
    }
  }

  private mutating func place() -> BookCommand {
    .place(
      newKey(), side(), quantity(), at: price(), in: instrument(), type: type(), timeInForce: timeInForce(),
      postOnly: number(0...9) == 0, account: AccountNumber(rawValue: Int64(number(0...4))),
      selfTradePrevention: prevention())
  }

  private mutating func replace() -> BookCommand {
    .replace(
      oldKey(), by: newKey(), side(), quantity(), at: price(), in: instrument(), type: type(),
      timeInForce: timeInForce(), postOnly: number(0...9) == 0, account: owner(), selfTradePrevention: prevention())
  }

  /// Keys count up as log sequences do; now and then one is far away, repeated or 0.
  private mutating func newKey() -> OrderKey {
    if number(0...199) == 0 { return number(0...1) == 0 ? 0 : oldKey() }
    nextKey += 1
    let key = number(0...49) == 0 ? nextKey << 40 : nextKey
    recent.append(key)
    if recent.count > 120 { recent.removeFirst() }
    return key
  }

  private mutating func oldKey() -> OrderKey {
    number(0...29) == 0 ? nextKey + 1000 : recent.randomElement(using: &random) ?? 1
  }

  private mutating func owner() -> AccountNumber { AccountNumber(rawValue: Int64(max(0, number(-9...4)))) }
  private mutating func instrument() -> InstrumentID {
    InstrumentID(rawValue: [7, 7, 7, 7, 7, -3, 1 << 30][number(0...6)])
  }
  private mutating func side() -> Side { number(0...1) == 0 ? .buy : .sell }
  private mutating func type() -> OrderType { number(0...11) == 0 ? .market : .limit }
  private mutating func prevention() -> SelfTradePrevention { SelfTradePrevention.allCases[number(0...2)] }
  private mutating func quantity() -> Quantity {
    Quantity(rawValue: Int64(number(0...60) == 0 ? number(-1...0) : number(1...20)))
  }

  private mutating func timeInForce() -> TimeInForce {
    let draw = number(0...9)
    return draw < 4 ? .day : draw < 7 ? .gtc : draw < 8 ? .ioc : .fok
  }

  private mutating func price() -> Price {
    let draw = number(0...299)
    if draw == 0 { return Price(rawValue: 0) }
    if draw == 1 { return Price(rawValue: 1) }
    if draw == 2 { return Price(rawValue: .max) }
    return Price(rawValue: 1_000_000 + Int64.random(in: 0..<span, using: &random) * 37)
  }
}
