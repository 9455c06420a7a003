package import Market
package import Matching

/// One row of a converted stream of a venue's messages: a command, and what it must lead to.
package struct StreamRow: Equatable, Sendable {
  /// What the venue did.
  package enum Action: String, Sendable {
    /// A limit order that rests if it is not filled.
    case new = "NEW"
    /// A limit order whose rest is dropped; the venue does not name it.
    case ioc = "IOC"
    /// `quantity` off a resting order, which keeps its place.
    case reduce = "REDUCE"
    /// A resting order leaves.
    case cancel = "CANCEL"
  }

  /// A trade that the row must give.
  package struct Fill: Equatable, Sendable, CustomStringConvertible {
    package var maker: OrderKey
    package var price: Price
    package var quantity: Quantity
    /// The stream's own notation.
    package var description: String { "\(maker):\(price.rawValue):\(quantity)" }
  }

  /// The row's number in its stream.
  package var sequence: Int64
  package var action: Action
  /// The venue's number of the order; 0 for an order that it does not name.
  package var order: OrderKey
  package var side: Side
  package var price: Price
  package var quantity: Quantity
  /// The trades of the command, in order.
  package var fills: [Fill]
  /// What of a new order must rest afterwards.
  package var rest: Quantity
  /// The best bid afterwards; nil when there is none.
  package var bid: DepthLevel?
  /// The best ask afterwards; nil when there is none.
  package var ask: DepthLevel?

  /// The first line of a stream.
  static let header =
    "seq,ts_ns,cmd,order_id,side,price,qty,origin,row,fills,rest,bid,bid_qty,ask,ask_qty,truth"

  /// Reads one row.
  /// - Throws: ``RowFault``.
  package init(_ line: ArraySlice<UInt8>) throws(RowFault) {
    var fields = Fields(line)
    guard let sequence = fields.number(), fields.number() != nil else {
      throw RowFault("seq and ts_ns must be whole numbers")
    }
    let name = String(decoding: fields.next() ?? [], as: UTF8.self)
    guard let action = Action(rawValue: name) else { throw RowFault("there is no command \"\(name)\"") }
    guard let order = fields.number() else { throw RowFault("order_id must be a whole number") }
    guard let side = Side(letter: fields.next()) else { throw RowFault("side must be B or S") }
    guard let price = fields.number(), let quantity = fields.number() else {
      throw RowFault("price and qty must be whole numbers")
    }
    guard fields.next() != nil, fields.number() != nil, let fills = fields.next() else {
      throw RowFault("origin, row and fills must be there")
    }
    guard let rest = fields.number() ?? (action == .new ? nil : 0) else {
      throw RowFault("rest must be a whole number")
    }
    self.sequence = sequence
    self.action = action
    self.order = OrderKey(order)
    self.side = side
    self.price = Price(rawValue: price)
    self.quantity = Quantity(rawValue: quantity)
    self.fills = try StreamRow.fills(fills)
    self.rest = Quantity(rawValue: rest)
    bid = try DepthLevel.next(&fields)
    ask = try DepthLevel.next(&fields)
    try check(hasTruth: fields.next() != nil)
  }

  private func check(hasTruth: Bool) throws(RowFault) {
    guard hasTruth else { throw RowFault("there must be 16 fields") }
    guard action == .ioc || order > 0 else { throw RowFault("order_id must be above 0") }
    guard action == .cancel || quantity > .zero else { throw RowFault("qty must be above 0") }
    guard action == .cancel || action == .reduce || price.rawValue > 0 else { throw RowFault("price must be above 0") }
  }

  private static func fills(_ text: ArraySlice<UInt8>) throws(RowFault) -> [Fill] {
    var fills: [Fill] = []
    guard !text.isEmpty else { return fills }
    var list = Fields(text)
    while let fill = list.next(separator: UInt8(ascii: "|")) {
      var parts = Fields(fill)
      let colon = UInt8(ascii: ":")
      guard let maker = parts.number(separator: colon), let price = parts.number(separator: colon),
        let quantity = parts.number(separator: colon), parts.isAtEnd
      else { throw RowFault("a fill must be maker:price:quantity") }
      fills.append(
        Fill(maker: OrderKey(maker), price: Price(rawValue: price), quantity: Quantity(rawValue: quantity)))
    }
    return fills
  }
}

/// What is wrong with a row.
package struct RowFault: Error, Equatable {
  package var what: String
  init(_ what: String) { self.what = what }
}

extension Side {
  /// The side that `B` or `S` stands for.
  init?(letter: ArraySlice<UInt8>?) {
    switch letter {
    case [UInt8(ascii: "B")]: self = .buy
    case [UInt8(ascii: "S")]: self = .sell
    default: return nil
    }
  }
}

extension DepthLevel {
  /// Reads price and quantity off a row; nil for `0,0`, an empty side.
  static func next(_ fields: inout Fields) throws(RowFault) -> DepthLevel? {
    guard let price = fields.number(), let quantity = fields.number() else {
      throw RowFault("prices and sizes of the book must be whole numbers")
    }
    guard price != 0 || quantity != 0 else { return nil }
    return DepthLevel(price: Price(rawValue: price), quantity: Quantity(rawValue: quantity))
  }
}
