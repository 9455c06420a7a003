internal import Market

/// A log row's command as a line that a person can read in redis-cli and a program can read back exactly.
///
/// ```
/// place 0190c2a4-… acct=17 inst=3 buy 100 @ 10.05 limit day stp=newest at=1764000000000000
/// cancel 0190c2a4-… row=16 acct=17 inst=3 at=1764000000000000
/// replace 0190c2a4-… row=16 extra=-500 by 0190c2a5-… acct=17 inst=3 buy 50 @ 10.05 limit day stp=newest at=…
/// ```
///
/// `at` is the moment of acceptance in microseconds since 1970; `post` before it marks a post-only order; `in` behind it
/// names the branch of the database's history, so that an owner can tell what a fail-over has undone; `refused ` before all
/// of it marks a command that an operator has refused. Reading is strict: another order, a second space, a leading zero, or
/// a number that no order may carry makes the line malformed.
enum LogEntryText {
  /// Highest price that is read, in 1/10000 dollar: protection prices lie above the highest that an order may carry,
  /// yet the cost of ``Market/Quantity/maximum`` shares at any price that is read can be represented.
  static let highestPrice = 10 * Price.maximum.rawValue
  /// Bound of the extra hold of a replacement, either way.
  static let largestHold: Int64 = 1_000_000_000_000_000_000

  /// Bytes that a line seldom exceeds.
  static let usualLength = 216

  /// Appends the line of a row. Exact for what acceptance lets through.
  static func write(_ entry: LogEntry, to bytes: inout [UInt8]) {
    if entry.isRefused { bytes.write("refused ") }
    switch entry.command {
    case .place(let order):
      bytes.write("place ")
      write(order, to: &bytes)
    case .cancel(let cancel):
      bytes.write("cancel ")
      bytes.write(cancel.target)
      bytes.write(" row=")
      bytes.write(cancel.targetSequence.rawValue)
      bytes.write(" acct=")
      bytes.write(cancel.account.rawValue)
      bytes.write(" inst=")
      bytes.write(Int64(cancel.instrument.rawValue))
    case .replace(let replace):
      bytes.write("replace ")
      bytes.write(replace.target)
      bytes.write(" row=")
      bytes.write(replace.targetSequence.rawValue)
      bytes.write(" extra=")
      bytes.write(replace.extraHold)
      bytes.write(" by ")
      write(replace.order, to: &bytes)
    }
    bytes.write(" at=")
    bytes.write(entry.acceptedAt.rawValue)
    guard entry.history != .unnamed else { return }
    bytes.write(" in=")
    bytes.write(entry.history.rawValue)
  }

  /// Reads a line; nil when it is malformed.
  static func parse(_ bytes: [UInt8], shard: Shard, sequence: Sequence) -> LogEntry? {
    var scanner = CompactScanner(bytes)
    let isRefused = scanner.take("refused ")
    guard let command = command(&scanner), scanner.take(" at="), let moment = scanner.number(in: 0...Int64.max),
      let history = history(&scanner), scanner.isAtEnd
    else { return nil }
    return LogEntry(
      shard: shard, sequence: sequence, acceptedAt: Timestamp(rawValue: moment), command: command, isRefused: isRefused,
      history: history)
  }

  private static func write(_ order: PlaceOrder, to bytes: inout [UInt8]) {
    bytes.write(order.id)
    bytes.write(" acct=")
    bytes.write(order.account.rawValue)
    bytes.write(" inst=")
    bytes.write(Int64(order.instrument.rawValue))
    bytes.write(order.side == .buy ? " buy " : " sell ")
    bytes.write(order.quantity.rawValue)
    bytes.write(" @ ")
    bytes.write(order.price)
    bytes.write(order.type == .limit ? " limit" : " market")
    switch order.timeInForce {
    case .day: bytes.write(" day")
    case .gtc: bytes.write(" gtc")
    case .ioc: bytes.write(" ioc")
    case .fok: bytes.write(" fok")
    }
    switch order.selfTradePrevention {
    case .cancelNewest: bytes.write(" stp=newest")
    case .cancelOldest: bytes.write(" stp=oldest")
    case .cancelBoth: bytes.write(" stp=both")
    }
    if order.postOnly { bytes.write(" post") }
  }

  private static func history(_ scanner: inout CompactScanner) -> LedgerHistory? {
    guard scanner.take(" in=") else { return .unnamed }
    return scanner.number(in: 1...Int64.max).map { LedgerHistory(rawValue: $0) }
  }

  private static func command(_ scanner: inout CompactScanner) -> Command? {
    if scanner.take("place ") {
      return order(&scanner).map(Command.place)
    } else if scanner.take("cancel ") {
      guard let (target, row) = target(&scanner), let (account, instrument) = names(&scanner) else { return nil }
      return .cancel(CancelOrder(target: target, targetSequence: row, account: account, instrument: instrument))
    } else if scanner.take("replace ") {
      guard let (target, row) = target(&scanner), scanner.take(" extra="),
        let extra = scanner.number(in: -largestHold...largestHold), scanner.take(" by "), let order = order(&scanner)
      else { return nil }
      return .replace(ReplaceOrder(order: order, target: target, targetSequence: row, extraHold: extra))
    }
    return nil
  }

  private static func target(_ scanner: inout CompactScanner) -> (OrderID, Sequence)? {
    guard let target = scanner.identifier(), scanner.take(" row="), let row = scanner.number(in: 0...Int64.max)
    else { return nil }
    return (target, Sequence(rawValue: row))
  }

  private static func names(_ scanner: inout CompactScanner) -> (AccountNumber, InstrumentID)? {
    guard scanner.take(" acct="), let account = scanner.number(in: 0...Int64.max), scanner.take(" inst="),
      let instrument = scanner.number(in: 0...Int64(Int32.max))
    else { return nil }
    return (AccountNumber(rawValue: account), InstrumentID(rawValue: Int32(instrument)))
  }

  private static func order(_ scanner: inout CompactScanner) -> PlaceOrder? {
    guard let id = scanner.identifier(), let (account, instrument) = names(&scanner),
      let side = scanner.take((" buy ", Side.buy), (" sell ", .sell)),
      let quantity = scanner.number(in: 1...Quantity.maximum.rawValue), scanner.take(" @ "),
      let price = scanner.price(in: 0...highestPrice),
      let type = scanner.take((" limit", OrderType.limit), (" market", .market)),
      let life = scanner.take((" day", TimeInForce.day), (" gtc", .gtc), (" ioc", .ioc), (" fok", .fok)),
      let prevention = scanner.take(
        (" stp=newest", SelfTradePrevention.cancelNewest), (" stp=oldest", .cancelOldest), (" stp=both", .cancelBoth))
    else { return nil }
    return PlaceOrder(
      id: id, account: account, instrument: instrument, side: side, type: type, timeInForce: life,
      postOnly: scanner.take(" post"), selfTradePrevention: prevention, price: price,
      quantity: Quantity(rawValue: quantity))
  }
}
