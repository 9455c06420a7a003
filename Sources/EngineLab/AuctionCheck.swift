package import Recordings
internal import Market
internal import Matching

/// Crosses the recorded orders of a call auction and compares with the venue's trades, one by one.
package struct AuctionCheck {
  /// The first line of a file of orders.
  static let ordersHeader = "seq,ts_ns,cmd,order_id,side,price,qty,origin,row"
  /// The first line of a file of trades.
  static let tradesHeader = "n,buy_id,sell_id,price,qty"

  /// Rows of the file of orders.
  package private(set) var commands = 0
  package private(set) var tradesExpected = 0
  package private(set) var tradesEqual = 0
  package private(set) var differences = 0
  /// The first differences: trade, expected, got.
  package private(set) var firstDifferences: [String] = []
  /// What the auction found, in words.
  package private(set) var result = "no price"

  /// Reads both files, crosses and compares.
  package init(orders ordersPath: String, trades tradesPath: String) throws(RecordingError) {
    let cross = Auction(try readOrders(ordersPath)).cross()
    var trades: [String] = []
    if let cross {
      result = "price \(cross.price.rawValue), volume \(cross.quantity)"
      trades = cross.trades.map { "\($0.buy),\($0.sell),\(cross.price.rawValue),\($0.quantity)" }
    }
    let lines = try open(tradesPath, AuctionCheck.tradesHeader)
    while let line = try lines.next() {
      var fields = Fields(line)
      guard fields.number() != nil, let buy = fields.number(), let sell = fields.number(), let price = fields.number(),
        let quantity = fields.number(), fields.isAtEnd
      else { throw lines.fault("a trade must be \(AuctionCheck.tradesHeader), all whole numbers") }
      let got = tradesExpected < trades.count ? trades[tradesExpected] : "none"
      tradesExpected += 1
      compare("\(buy),\(sell),\(price),\(quantity)", got)
    }
    for extra in trades.dropFirst(tradesExpected) { compare("none", extra) }
  }

  private mutating func compare(_ expected: String, _ got: String) {
    if expected == got {
      tradesEqual += 1
    } else {
      differences += 1
      guard firstDifferences.count < StreamCheck.differencesKept else { return }
      firstDifferences.append("buy,sell,price,qty: expected \(expected), got \(got)")
    }
  }

  /// The orders that are left when the auction begins, in their order of time.
  private mutating func readOrders(_ path: String) throws(RecordingError) -> [RestingOrder] {
    let lines = try open(path, AuctionCheck.ordersHeader)
    var orders: [Int64: RestingOrder] = [:]
    while let line = try lines.next() {
      commands += 1
      var fields = Fields(line)
      guard fields.number() != nil, fields.number() != nil, let command = fields.next(), let id = fields.number(),
        id > 0,
        let side = Side(letter: fields.next()), let price = fields.number(), let quantity = fields.number()
      else { throw lines.fault("an order must be \(AuctionCheck.ordersHeader), side B or S, numbers whole") }
      switch String(decoding: command, as: UTF8.self) {
      case "NEW":
        guard price > 0, quantity > 0, orders[id] == nil else {
          throw lines.fault("price and qty must be above 0, the order new")
        }
        orders[id] = RestingOrder(
          order: OrderKey(id), instrument: StreamRow.instrument, account: AccountNumber(rawValue: 0), side: side,
          price: Price(rawValue: price), leaves: Quantity(rawValue: quantity))
      case "CANCEL":
        guard orders.removeValue(forKey: id) != nil else { throw lines.fault("there is no order \(id) to cancel") }
      default: throw lines.fault("a command must be NEW or CANCEL")
      }
    }
    return orders.values.sorted { $0.order < $1.order }
  }

  private func open(_ path: String, _ header: String) throws(RecordingError) -> LineReader {
    let lines = try LineReader(path)
    guard let first = try lines.next(), first.elementsEqual(header.utf8) else {
      throw .wrongFormat(path, "the first line must be \(header)")
    }
    return lines
  }
}
