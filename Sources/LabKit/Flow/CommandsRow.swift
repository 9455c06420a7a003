internal import Market

/// Rows of converted order flow: `seq,ts_ns,cmd,order_id,side,price,qty,origin,row,fills,…`.
///
/// `cmd` is NEW, IOC, REDUCE or CANCEL; prices count 1/10000 dollar; `fills` are the expected `maker:price:quantity`, joined
/// by `|`. Columns behind `fills` state the book after the row and are not needed to replay it.
package enum CommandsRow {
  /// How a file's header line begins.
  package static let headerStart = "seq,ts_ns,cmd,order_id,side,price,qty"

  /// Reads one row.
  /// - Throws: what is wrong with it.
  package static func parse(_ line: ArraySlice<UInt8>, number: Int) throws(MalformedRow) -> FlowRow {
    var scanner = FieldScanner(line)
    guard scanner.integer() != nil, let time = scanner.integer(), time >= 0 else {
      throw MalformedRow("seq and ts_ns must be whole numbers")
    }
    let command = String(decoding: scanner.field() ?? [], as: UTF8.self)
    guard let id = scanner.integer(), id >= 0, let side = scanner.field(), let price = scanner.integer(),
      let quantity = scanner.integer()
    else { throw MalformedRow("order_id, price and qty must be whole numbers") }
    _ = (scanner.field(), scanner.field())
    let fills = scanner.field() ?? []
    let action: FlowAction
    switch command {
    case "NEW", "IOC":
      let side = try parseSide(side)
      guard price > 0, quantity > 0 else { throw MalformedRow("price and qty must be above 0") }
      let order = FlowOrder(
        id: UInt64(id), side: side, price: Price(rawValue: price), quantity: quantity, fills: try parseFills(fills))
      action = command == "NEW" ? .enter(order) : .take(order)
    case "REDUCE":
      guard quantity > 0 else { throw MalformedRow("qty must be above 0") }
      action = .reduce(order: UInt64(id), by: quantity)
    case "CANCEL": action = .cancel(order: UInt64(id))
    default: throw MalformedRow("there is no command \"\(command)\"")
    }
    return FlowRow(number: number, time: time, action: action)
  }

  private static func parseSide(_ text: ArraySlice<UInt8>) throws(MalformedRow) -> Side {
    switch text {
    case [UInt8(ascii: "B")]: return .buy
    case [UInt8(ascii: "S")]: return .sell
    default: throw MalformedRow("side must be B or S")
    }
  }

  private static func parseFills(_ text: ArraySlice<UInt8>) throws(MalformedRow) -> [FlowFill] {
    var fills: [FlowFill] = []
    for fill in text.split(separator: UInt8(ascii: "|")) {
      let parts = fill.split(separator: UInt8(ascii: ":")).map(decimal)
      guard parts.count == 3, let maker = parts[0], let price = parts[1], let quantity = parts[2], maker > 0,
        quantity > 0
      else { throw MalformedRow("a fill must be maker:price:quantity") }
      fills.append(FlowFill(maker: UInt64(maker), price: Price(rawValue: price), quantity: quantity))
    }
    return fills
  }
}
