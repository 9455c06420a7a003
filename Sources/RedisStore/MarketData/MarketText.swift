internal import Market

/// A market update as a line that a person can read in redis-cli and a program can read back exactly.
///
/// ```
/// seq=17 prev=16 inst=3 at=1764000000000000 crc=2381245633 quote=17@1764000000000000:100.05x300/100.1x20 new
///   trade=17.0@1764000000000000:100.05x40b b=100.05x300 a=100.1x0
/// ```
///
/// `whole` stands in place of `prev` when the line carries the whole book; `new` says that the quote changed; a side without
/// orders is `-`; the letter behind a trade is the taker's side; a level without shares is gone.
enum MarketText {
  /// Prices that are read, in 1/10000 dollar.
  static let prices = 0...LogEntryText.highestPrice
  /// Numbers of commands and of shares that are read: their sums and products with small factors can be represented.
  static let counts: ClosedRange<Int64> = 0...999_999_999_999_999
  /// Moments that are read, in microseconds since 1970.
  static let moments: ClosedRange<Int64> = 0...999_999_999_999_999_999

  static func write(_ update: MarketUpdate, to bytes: inout [UInt8]) {
    bytes.write("seq=")
    bytes.write(update.sequence.rawValue)
    if let previous = update.previous {
      bytes.write(" prev=")
      bytes.write(previous.rawValue)
    } else {
      bytes.write(" whole")
    }
    bytes.write(" inst=")
    bytes.write(Int64(update.instrument.rawValue))
    bytes.write(" at=")
    bytes.write(update.at.rawValue)
    bytes.write(" crc=")
    bytes.write(UInt64(update.checksum))
    bytes.write(" quote=")
    write(update.quote, to: &bytes)
    if update.isQuoteNew { bytes.write(" new") }
    for trade in update.trades {
      bytes.write(" trade=")
      write(trade, to: &bytes)
    }
    for change in update.changes {
      bytes.write(change.side == .buy ? " b=" : " a=")
      write(change.level, to: &bytes)
    }
  }

  static func parse(_ bytes: [UInt8]) -> MarketUpdate? {
    var scanner = CompactScanner(bytes)
    guard scanner.take("seq="), let sequence = natural(&scanner) else { return nil }
    var previous: Sequence?
    if !scanner.take(" whole") {
      guard scanner.take(" prev="), let before = natural(&scanner) else { return nil }
      previous = Sequence(rawValue: before)
    }
    guard scanner.take(" inst="), let instrument = scanner.number(in: 0...Int64(Int32.max)), scanner.take(" at="),
      let at = moment(&scanner), scanner.take(" crc="), let checksum = scanner.number(in: 0...Int64(UInt32.max)),
      scanner.take(" quote="), let quote = quote(&scanner)
    else { return nil }
    var update = MarketUpdate(
      instrument: InstrumentID(rawValue: Int32(instrument)), sequence: Sequence(rawValue: sequence),
      previous: previous, at: Timestamp(rawValue: at), trades: [], quote: quote, isQuoteNew: scanner.take(" new"),
      changes: [], checksum: UInt32(checksum))
    while scanner.take(" trade=") {
      guard let trade = trade(&scanner) else { return nil }
      update.trades.append(trade)
    }
    while let side = scanner.take((" b=", Side.buy), (" a=", .sell)) {
      guard let level = level(&scanner) else { return nil }
      update.changes.append(.init(side: side, level: level))
    }
    return scanner.isAtEnd ? update : nil
  }

  static func write(_ quote: Quote, to bytes: inout [UInt8]) {
    bytes.write(quote.sequence.rawValue)
    bytes.write("@")
    bytes.write(quote.at.rawValue)
    bytes.write(":")
    if let bid = quote.bid { write(bid, to: &bytes) } else { bytes.write("-") }
    bytes.write("/")
    if let ask = quote.ask { write(ask, to: &bytes) } else { bytes.write("-") }
  }

  static func quote(_ bytes: [UInt8]) -> Quote? {
    var scanner = CompactScanner(bytes)
    let quote = quote(&scanner)
    return scanner.isAtEnd ? quote : nil
  }

  private static func write(_ trade: TradePrint, to bytes: inout [UInt8]) {
    bytes.write(trade.sequence.rawValue)
    bytes.write(".")
    bytes.write(Int64(trade.ordinal))
    bytes.write("@")
    bytes.write(trade.at.rawValue)
    bytes.write(":")
    write(PriceLevelView(price: trade.price, size: trade.size), to: &bytes)
    bytes.write(trade.taker == .buy ? "b" : "s")
  }

  private static func write(_ level: PriceLevelView, to bytes: inout [UInt8]) {
    bytes.write(level.price)
    bytes.write("x")
    bytes.write(level.size.rawValue)
  }

  private static func quote(_ scanner: inout CompactScanner) -> Quote? {
    guard let sequence = natural(&scanner), scanner.take("@"), let at = moment(&scanner), scanner.take(":") else {
      return nil
    }
    var sides: [PriceLevelView?] = []
    for index in 0..<2 {
      if index == 1, !scanner.take("/") { return nil }
      if scanner.take("-") {
        sides.append(nil)
      } else {
        guard let level = level(&scanner) else { return nil }
        sides.append(level)
      }
    }
    return Quote(
      at: Timestamp(rawValue: at), sequence: Sequence(rawValue: sequence), bid: sides[0], ask: sides[1])
  }

  private static func trade(_ scanner: inout CompactScanner) -> TradePrint? {
    guard let sequence = natural(&scanner), scanner.take("."), let ordinal = scanner.number(in: 0...Int64(Int32.max)),
      scanner.take("@"), let at = moment(&scanner), scanner.take(":"), let level = level(&scanner),
      let taker = scanner.take(("b", Side.buy), ("s", .sell))
    else { return nil }
    return TradePrint(
      at: Timestamp(rawValue: at), sequence: Sequence(rawValue: sequence), ordinal: Int32(ordinal),
      price: level.price, size: level.size, taker: taker)
  }

  private static func level(_ scanner: inout CompactScanner) -> PriceLevelView? {
    guard let price = scanner.price(in: prices), scanner.take("x"), let size = natural(&scanner) else {
      return nil
    }
    return PriceLevelView(price: price, size: Quantity(rawValue: size))
  }

  private static func natural(_ scanner: inout CompactScanner) -> Int64? { scanner.number(in: counts) }

  private static func moment(_ scanner: inout CompactScanner) -> Int64? { scanner.number(in: moments) }
}
