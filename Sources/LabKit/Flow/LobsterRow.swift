internal import Market

/// Rows of LOBSTER's message files: `time,type,order,size,price,direction`.
///
/// Source: lobsterdata.com, "Data structure": time in seconds after midnight, price in 1/10000 dollar, direction 1 for an
/// order to buy. Type 4 names the resting order that was executed, so the aggressor is on the other side.
package enum LobsterRow {
  /// Reads one row; further columns are ignored.
  /// - Throws: what is wrong with it.
  package static func parse(_ line: ArraySlice<UInt8>, number: Int) throws(MalformedRow) -> FlowRow {
    var scanner = FieldScanner(line)
    guard let time = scanner.field().flatMap(nanoseconds) else {
      throw MalformedRow("the time is not a number of seconds")
    }
    guard let type = scanner.integer() else { throw MalformedRow("the type is not a number") }
    guard let order = scanner.integer(), let size = scanner.integer(), let price = scanner.integer(),
      let direction = scanner.integer()
    else { throw MalformedRow("order, size, price and direction must be whole numbers") }
    let action: FlowAction
    switch type {
    case 1, 4:
      guard order > 0, size > 0, price > 0, direction == 1 || direction == -1 else {
        throw MalformedRow("order, size and price must be above 0, the direction 1 or -1")
      }
      action = entry(type, UInt64(order), direction == 1 ? .buy : .sell, Price(rawValue: price), size)
    case 2, 3:
      guard order > 0, size > 0 else { throw MalformedRow("order and size must be above 0") }
      action = type == 2 ? .reduce(order: UInt64(order), by: size) : .cancel(order: UInt64(order))
    case 5: action = .skip(.hiddenExecution)
    case 6: action = .skip(.crossTrade)
    case 7: action = .skip(.halt)
    default: throw MalformedRow("there is no type \(type)")
    }
    return FlowRow(number: number, time: time, action: action)
  }

  private static func entry(_ type: Int64, _ order: UInt64, _ side: Side, _ price: Price, _ size: Int64) -> FlowAction {
    if type == 1 { return .enter(FlowOrder(id: order, side: side, price: price, quantity: size, fills: [])) }
    let fill = FlowFill(maker: order, price: price, quantity: size)
    return .take(FlowOrder(id: 0, side: side.opposite, price: price, quantity: size, fills: [fill]))
  }

  /// Seconds with up to nine fraction digits; further digits are cut.
  private static func nanoseconds(_ text: ArraySlice<UInt8>) -> Int64? {
    let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let seconds = decimal(parts[0]), (0...604_800).contains(seconds) else { return nil }
    guard parts.count == 2 else { return seconds * 1_000_000_000 }
    guard var fraction = decimal(parts[1].prefix(9)), fraction >= 0 else { return nil }
    for _ in min(9, parts[1].count)..<9 { fraction *= 10 }
    return seconds * 1_000_000_000 + fraction
  }
}

/// What is wrong with a row.
package struct MalformedRow: Error, Equatable {
  package var what: String
  init(_ what: String) { self.what = what }
}
