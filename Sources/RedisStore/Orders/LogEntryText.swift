internal import Market

/// A log row's command as a line that a person can read in redis-cli and a program can read back exactly.
///
/// ```
/// place 0190c2a4-… acct=17 inst=3 buy 100 @ 10.05 limit day stp=newest at=1764000000000000
/// cancel 0190c2a4-… row=16 acct=17 inst=3 at=1764000000000000
/// replace 0190c2a4-… row=16 extra=-500 by 0190c2a5-… acct=17 inst=3 buy 50 @ 10.05 limit day stp=newest at=…
/// place … sell 100 @ 9.03 market day stp=newest stop=9.5 trail=150bp mark=10.05 collar=500 at=…
/// step shard=5 inst=3 day=2026-11-27 open part=500 listed=10.05 at=1764000000000000
/// expire shard=5 inst=3 day<=812 gtc<=17 limit=1000 at=1764000000000000
/// halt shard=5 inst=3 at=1764000000000000
/// resume shard=5 inst=3 part=500 listed=10.05 at=1764000000000000
/// cross shard=5 inst=3 part=500 at=1764000000000000
/// band shard=5 inst=3 around=10.05 tier=1 close=9.98 near keep at=1764000000000000
/// unbind shard=5 inst=3 at=1764000000000000
/// place … stp=newest class=bracket profit=0190c2a6-… @ 11 loss=0190c2a7-… @ 8.55 market stop=9 at=…
/// ```
///
/// `leg=1` behind `row=` means the first leg of that row.
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
      write(leg: cancel.targetLeg, to: &bytes)
      bytes.write(" acct=")
      bytes.write(cancel.account.rawValue)
      bytes.write(" inst=")
      bytes.write(Int64(cancel.instrument.rawValue))
    case .replace(let replace):
      bytes.write("replace ")
      bytes.write(replace.target)
      bytes.write(" row=")
      bytes.write(replace.targetSequence.rawValue)
      write(leg: replace.targetLeg, to: &bytes)
      bytes.write(" extra=")
      bytes.write(replace.extraHold)
      bytes.write(" by ")
      write(replace.order, to: &bytes)
    case .step(let step):
      bytes.write("step")
      write(entry.shard, step.instrument, to: &bytes)
      bytes.write(" day=")
      bytes.append(contentsOf: step.point.day.description.utf8)
      switch step.point.stage {
      case .preOpen: bytes.write(" pre-open")
      case .open: bytes.write(" open")
      case .closed: bytes.write(" closed")
      }
      write(step.auction, to: &bytes)
    case .expire(let expiry):
      bytes.write("expire")
      write(entry.shard, expiry.instrument, to: &bytes)
      bytes.write(" day<=")
      bytes.write(expiry.dayThrough.rawValue)
      bytes.write(" gtc<=")
      bytes.write(expiry.untilCanceledThrough.rawValue)
      bytes.write(" limit=")
      bytes.write(expiry.limit)
    case .halt(let halt):
      bytes.write(halt.isHalted ? "halt" : "resume")
      write(entry.shard, halt.instrument, to: &bytes)
      write(halt.auction, to: &bytes)
    case .cross(let part):
      bytes.write("cross")
      write(entry.shard, part.instrument, to: &bytes)
      bytes.write(" part=")
      bytes.write(Int64(part.limit))
    case .band(let change):
      bytes.write(change.terms == nil ? "unbind" : "band")
      write(entry.shard, change.instrument, to: &bytes)
      if let terms = change.terms { write(terms, to: &bytes) }
      if change.keepsReference { bytes.write(" keep") }
    }
    bytes.write(" at=")
    bytes.write(entry.acceptedAt.rawValue)
    guard entry.timeline != .unnamed else { return }
    bytes.write(" in=")
    bytes.write(entry.timeline.rawValue)
  }

  /// Reads a line; nil when it is malformed.
  static func parse(_ bytes: [UInt8], shard: Shard, sequence: Sequence) -> LogEntry? {
    var scanner = CompactScanner(bytes)
    let isRefused = scanner.take("refused ")
    guard let command = command(&scanner, shard), scanner.take(" at="), let moment = scanner.number(in: 0...Int64.max),
      let timeline = timeline(&scanner), scanner.isAtEnd
    else { return nil }
    return LogEntry(
      shard: shard, sequence: sequence, acceptedAt: Timestamp(rawValue: moment), command: command, isRefused: isRefused,
      timeline: timeline)
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
    case .opg: bytes.write(" opg")
    case .cls: bytes.write(" cls")
    }
    switch order.selfTradePrevention {
    case .cancelNewest: bytes.write(" stp=newest")
    case .cancelOldest: bytes.write(" stp=oldest")
    case .cancelBoth: bytes.write(" stp=both")
    }
    if order.postOnly { bytes.write(" post") }
    if let trigger = order.trigger { write(trigger, to: &bytes) }
    switch order.orderClass {
    case .simple: break
    case .bracket: bytes.write(" class=bracket")
    case .oco: bytes.write(" class=oco")
    case .oto: bytes.write(" class=oto")
    }
    for leg in order.legs { write(leg, to: &bytes) }
  }

  /// What stands in the place of an order: what somebody copied from another shard's stream must not pass for this one's.
  private static func write(_ shard: Shard, _ instrument: InstrumentID, to bytes: inout [UInt8]) {
    bytes.write(" shard=")
    bytes.write(Int64(shard.rawValue))
    bytes.write(" inst=")
    bytes.write(Int64(instrument.rawValue))
  }

  private static func write(leg: UInt8, to bytes: inout [UInt8]) {
    guard leg != 0 else { return }
    bytes.write(" leg=")
    bytes.write(Int64(leg))
  }

  private static func write(_ trigger: Trigger, to bytes: inout [UInt8]) {
    bytes.write(" stop=")
    bytes.write(trigger.stop)
    guard let trail = trigger.trail else { return }
    bytes.write(" trail=")
    switch trail.distance {
    case .amount(let amount): bytes.write(Price(rawValue: amount))
    case .fraction(let parts):
      bytes.write(parts)
      bytes.write("bp")
    }
    bytes.write(" mark=")
    bytes.write(trail.mark)
    bytes.write(" collar=")
    bytes.write(trail.collar)
  }

  private static func write(_ leg: OrderLeg, to bytes: inout [UInt8]) {
    bytes.write(leg.terms.role == .takeProfit ? " profit=" : " loss=")
    bytes.write(leg.id)
    bytes.write(" @ ")
    bytes.write(leg.terms.price)
    guard let stop = leg.terms.stop else { return }
    bytes.write(leg.terms.type == .limit ? " limit" : " market")
    bytes.write(" stop=")
    bytes.write(stop)
  }

  private static func timeline(_ scanner: inout CompactScanner) -> DatabaseTimeline? {
    guard scanner.take(" in=") else { return .unnamed }
    return scanner.number(in: 1...Int64.max).map { DatabaseTimeline(rawValue: $0) }
  }

  private static func command(_ scanner: inout CompactScanner, _ shard: Shard) -> Command? {
    if scanner.take("place ") {
      return order(&scanner).map(Command.place)
    } else if scanner.take("cancel ") {
      guard let (target, row) = target(&scanner), let leg = leg(&scanner), let (account, instrument) = names(&scanner)
      else { return nil }
      return .cancel(
        CancelOrder(target: target, targetSequence: row, targetLeg: leg, account: account, instrument: instrument))
    } else if scanner.take("replace ") {
      guard let (target, row) = target(&scanner), let leg = leg(&scanner), scanner.take(" extra="),
        let extra = scanner.number(in: -largestHold...largestHold), scanner.take(" by "), let order = order(&scanner)
      else { return nil }
      return .replace(ReplaceOrder(order: order, target: target, targetSequence: row, targetLeg: leg, extraHold: extra))
    } else if scanner.take("step ") {
      guard let instrument = instrument(&scanner, shard), scanner.take(" day="), let day = scanner.day(),
        let stage = scanner.take((" pre-open", SessionStage.preOpen), (" open", .open), (" closed", .closed)),
        let auction = auction(&scanner)
      else { return nil }
      return .step(SessionStep(instrument, SessionPoint(day, stage), auction: auction))
    } else if scanner.take("expire ") {
      guard let instrument = instrument(&scanner, shard), scanner.take(" day<="),
        let day = scanner.number(in: 0...Int64.max), scanner.take(" gtc<="),
        let untilCanceled = scanner.number(in: 0...Int64.max), scanner.take(" limit="),
        let limit = scanner.number(in: 1...Int64.max)
      else { return nil }
      return .expire(
        ExpireOrders(
          instrument, dayThrough: Sequence(rawValue: day), untilCanceledThrough: Sequence(rawValue: untilCanceled),
          limit: limit))
    } else if scanner.take("halt ") {
      return instrument(&scanner, shard).map { .halt(TradingHalt($0, isHalted: true)) }
    } else if scanner.take("resume ") {
      guard let instrument = instrument(&scanner, shard), let auction = auction(&scanner) else { return nil }
      return .halt(TradingHalt(instrument, isHalted: false, auction: auction))
    } else if scanner.take("cross ") {
      guard let instrument = instrument(&scanner, shard), scanner.take(" part="),
        let limit = scanner.number(in: 1...Int64(Int16.max))
      else { return nil }
      return .cross(AuctionPart(instrument, limit: Int16(limit)))
    } else if scanner.take("unbind ") {
      return instrument(&scanner, shard).map { .band(BandChange($0, nil)) }
    } else if scanner.take("band ") {
      guard let instrument = instrument(&scanner, shard), let terms = bandTerms(&scanner) else { return nil }
      return .band(BandChange(instrument, terms, keepsReference: scanner.take(" keep")))
    }
    return nil
  }

  /// Reads how an auction is held; all at once where nothing says so.
  private static func auction(_ scanner: inout CompactScanner) -> AuctionTerms? {
    var terms = AuctionTerms.whole
    if scanner.take(" part=") {
      guard let limit = scanner.number(in: 1...Int64(Int16.max)) else { return nil }
      terms.partLimit = Int16(limit)
    }
    if scanner.take(" listed=") {
      guard let reference = scanner.price(in: 1...highestPrice) else { return nil }
      terms.reference = reference
    }
    return terms
  }

  private static func write(_ terms: AuctionTerms, to bytes: inout [UInt8]) {
    if terms.partLimit > 0 {
      bytes.write(" part=")
      bytes.write(Int64(terms.partLimit))
    }
    if let reference = terms.reference {
      bytes.write(" listed=")
      bytes.write(reference)
    }
  }

  private static func bandTerms(_ scanner: inout CompactScanner) -> BandTerms? {
    guard scanner.take(" around="), let reference = scanner.price(in: 1...highestPrice),
      let tier = scanner.take((" tier=1", BandTier.tier1), (" tier=2", .tier2)), scanner.take(" close="),
      let close = scanner.price(in: 1...highestPrice)
    else { return nil }
    return BandTerms(reference: reference, previousClose: close, tier: tier, isNearClose: scanner.take(" near"))
  }

  private static func write(_ terms: BandTerms, to bytes: inout [UInt8]) {
    bytes.write(" around=")
    bytes.write(terms.reference)
    switch terms.tier {
    case .tier1: bytes.write(" tier=1")
    case .tier2: bytes.write(" tier=2")
    }
    bytes.write(" close=")
    bytes.write(terms.previousClose)
    if terms.isNearClose { bytes.write(" near") }
  }

  private static func instrument(_ scanner: inout CompactScanner, _ shard: Shard) -> InstrumentID? {
    guard scanner.take("shard="), scanner.number(in: 0...Int64(Int16.max)) == Int64(shard.rawValue),
      scanner.take(" inst="), let number = scanner.number(in: 0...Int64(Int32.max))
    else { return nil }
    return InstrumentID(rawValue: Int32(number))
  }

  private static func target(_ scanner: inout CompactScanner) -> (OrderID, Sequence)? {
    guard let target = scanner.identifier(), scanner.take(" row="), let row = scanner.number(in: 0...Int64.max)
    else { return nil }
    return (target, Sequence(rawValue: row))
  }

  private static func leg(_ scanner: inout CompactScanner) -> UInt8? {
    guard scanner.take(" leg=") else { return 0 }
    return scanner.number(in: 1...2).map { UInt8($0) }
  }

  /// Reads a trigger, if there is one; nil when it is malformed.
  private static func trigger(_ scanner: inout CompactScanner) -> Trigger?? {
    guard scanner.take(" stop=") else { return .some(nil) }
    guard let stop = scanner.price(in: 1...highestPrice) else { return nil }
    var trigger = Trigger(stop: stop)
    if let distance = distance(&scanner) {
      guard let distance, scanner.take(" mark="), let mark = scanner.price(in: 1...highestPrice),
        scanner.take(" collar="),
        let collar = scanner.number(in: 0...10_000)
      else { return nil }
      trigger.trail = Trail(distance, mark: mark, collar: collar)
    }
    return trigger
  }

  /// Reads the distance of a trail: nil when there is none, an inner nil when it is malformed.
  private static func distance(_ scanner: inout CompactScanner) -> Trail.Distance?? {
    guard scanner.take(" trail=") else { return nil }
    var whole = scanner
    if let parts = whole.number(in: 1...9_999), whole.take("bp") {
      scanner = whole
      return .fraction(parts)
    }
    return .some(scanner.price(in: 1...highestPrice).map { .amount($0.rawValue) })
  }

  /// Reads the legs of a class; nil when one is malformed.
  private static func legs(_ scanner: inout CompactScanner) -> [OrderLeg]? {
    var legs: [OrderLeg] = []
    if scanner.take(" profit=") {
      guard let id = scanner.identifier(), scanner.take(" @ "), let price = scanner.price(in: 1...highestPrice) else {
        return nil
      }
      legs.append(OrderLeg(id: id, LegTerms(takeProfitAt: price)))
    }
    if scanner.take(" loss=") {
      guard let id = scanner.identifier(), scanner.take(" @ "), let price = scanner.price(in: 1...highestPrice),
        let type = scanner.take((" limit", OrderType.limit), (" market", .market)), scanner.take(" stop="),
        let stop = scanner.price(in: 1...highestPrice)
      else { return nil }
      legs.append(OrderLeg(id: id, LegTerms(.stopLoss, type, at: price, stop: stop)))
    }
    return legs
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
      let life = scanner.take(
        (" day", TimeInForce.day), (" gtc", .gtc), (" ioc", .ioc), (" fok", .fok), (" opg", .opg), (" cls", .cls)),
      let prevention = scanner.take(
        (" stp=newest", SelfTradePrevention.cancelNewest), (" stp=oldest", .cancelOldest), (" stp=both", .cancelBoth))
    else { return nil }
    let postOnly = scanner.take(" post")
    guard let trigger = trigger(&scanner) else { return nil }
    let orderClass =
      scanner.take((" class=bracket", OrderClass.bracket), (" class=oco", .oco), (" class=oto", .oto)) ?? .simple
    guard let legs = legs(&scanner), legs.isEmpty == (orderClass == .simple) else { return nil }
    return PlaceOrder(
      id: id, account: account, instrument: instrument,
      terms: OrderTerms(
        side, Quantity(rawValue: quantity), at: price, type: type, timeInForce: life, postOnly: postOnly,
        selfTradePrevention: prevention),
      trigger: trigger, orderClass: orderClass, legs: legs)
  }
}
