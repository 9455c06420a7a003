internal import Market
package import Matching

/// A workload made from a seed: by default a book of some ten thousand orders around a wandering price.
///
/// Of the commands after the first orders, 45 % are new orders near the middle that rest, 10 % take from the other side, and 45 %
/// cancel an order placed before (some of them are filled by then). With the same seed it is the same everywhere.
package struct GeneratedFlow: Workload {
  package let name: String
  private let symbols: Int
  private let standing: Int
  private var state: UInt64
  private var rest: Int
  private var nextKey: OrderKey = 1
  private var middles: [Int64]
  private var placed: [(key: OrderKey, instrument: Int32)] = []

  /// A flow of `commands` over `symbols` instruments; `standing` orders are placed before the mixture begins.
  package init(commands: Int, symbols: Int, seed: UInt64, standing: Int = 10_000) {
    name = "generated (seed \(seed), \(symbols) symbol\(symbols == 1 ? "" : "s"))"
    self.symbols = symbols
    self.standing = standing
    state = seed
    rest = commands
    middles = Array(repeating: 1_000_000, count: symbols)
  }

  package mutating func next(_ limit: Int, into commands: inout [BookCommand]) {
    for _ in 0..<min(limit, rest) { commands.append(command()) }
    rest -= min(limit, rest)
  }

  private mutating func command() -> BookCommand {
    let draw = nextKey <= standing ? 0 : number(below: 100)
    if draw < 45 { return restingOrder() }
    if draw < 55 { return takingOrder() }
    let (key, instrument) = placed.remove(atUnordered: number(below: placed.count))
    return .cancel(key, in: InstrumentID(rawValue: instrument))
  }

  private mutating func restingOrder() -> BookCommand {
    let symbol = number(below: symbols)
    let side: Side = number(below: 2) == 0 ? .buy : .sell
    // The smaller of two draws: more orders near the middle than far from it.
    let distance = Int64(1 + min(number(below: 60), number(below: 60))) * 100
    let price = middles[symbol] + (side == .buy ? -distance : distance)
    placed.append((nextKey, Int32(symbol)))
    return order(side, 1 + number(below: 100), price, symbol)
  }

  private mutating func takingOrder() -> BookCommand {
    let symbol = number(below: symbols)
    let side: Side = number(below: 2) == 0 ? .buy : .sell
    let step: Int64 = number(below: 50) == 0 ? 100 : 0
    middles[symbol] = min(max(middles[symbol] + (side == .buy ? step : -step), 500_000), 1_500_000)
    return order(side, 1 + number(below: 150), middles[symbol] + (side == .buy ? 500 : -500), symbol)
  }

  private mutating func order(_ side: Side, _ quantity: Int, _ price: Int64, _ symbol: Int) -> BookCommand {
    defer { nextKey += 1 }
    return .place(
      nextKey, side, Quantity(rawValue: Int64(quantity)), at: Price(rawValue: price),
      in: InstrumentID(rawValue: Int32(symbol)))
  }

  /// SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, 2014), cut to a range by multiplication.
  private mutating func number(below bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ z >> 31).multipliedFullWidth(by: UInt64(bound)).high)
  }
}

extension Array {
  /// Takes an element out and fills its place with the last.
  fileprivate mutating func remove(atUnordered index: Int) -> Element {
    swapAt(index, count - 1)
    return removeLast()
  }
}
