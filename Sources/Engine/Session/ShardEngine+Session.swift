internal import Accounting
package import Market
internal import Matching

/// The trading day: orders are collected, cross in auctions, trade as they come, expire.
///
/// Time comes as commands. What a command finds in the log before it came before it, whatever clocks say: an order that was
/// acknowledged before a close takes part in its auction.
extension ShardEngine {
  /// Why an order cannot be taken as its instrument trades now; nil when it can.
  func refusal(of order: PlaceOrder) -> UInt8? {
    let phase = phases[order.instrument]
    switch order.timeInForce {
    case .day, .gtc: return nil
    case .ioc, .fok:
      return phase?.isContinuous ?? true && auctions[order.instrument] == nil ? nil : OrderEvent.outsideSession
    case .opg:
      guard let point = phase?.point else { return OrderEvent.noAuctions }
      return point.stage == .open ? OrderEvent.openingOver : nil
    case .cls: return phase?.point == nil ? OrderEvent.noAuctions : nil
    }
  }

  /// Has the book that a command belongs to carry it out.
  mutating func carryOut(_ command: BookCommand) -> [BookEvent] {
    var events: [BookEvent] = []
    let instrument = command.instrument
    if isForClosing(command) {
      onCloseOrders[instrument, default: AuctionBook(instrument: instrument)].apply(command, at: 0, into: &events)
      if onCloseOrders[instrument]!.count == 0 { onCloseOrders[instrument] = nil }
    } else if auctionBooks[instrument] != nil {
      auctionBooks[instrument]!.apply(command, at: 0, into: &events)
      if command.kind == .replace, let event = events.last {
        follow(replacement: event, in: instrument, command.timeInForce)
      }
    } else {
      engine.apply([withinBand(command)], into: &events)
      if command.kind == .replace, bands[instrument] != nil { queueAnew(command, &events) }
    }
    return events
  }

  private func isForClosing(_ command: BookCommand) -> Bool {
    switch command.kind {
    case .place: command.timeInForce == .cls
    case .cancel, .reduce: onCloseOrders[command.instrument]?.contains(command.order) == true
    case .replace: onCloseOrders[command.instrument]?.contains(command.target) == true
    }
  }

  /// Puts an order back where it stood.
  mutating func restore(_ order: RestingOrder, of record: OpenOrder) throws(RestoreRefusal) {
    // Orders for the close wait apart from the others until they cross with them.
    let crosses = auctions[order.instrument].map { $0.isClosing && record.priority < $0.before } ?? false
    if record.timeInForce == .cls, !crosses {
      try onCloseOrders[order.instrument, default: AuctionBook(instrument: order.instrument)].restore(order)
    } else if auctionBooks[order.instrument] != nil {
      try auctionBooks[order.instrument]!.restore(order)
    } else {
      var order = order
      order.price = workingPrice(order.price, order.side, in: order.instrument)
      try engine.restore(order)
    }
  }

  /// About how many orders a command concerns: what it costs beyond a command of an account.
  package func weight(of command: Command) -> Int {
    switch command {
    case .place, .cancel, .replace, .band: return 0
    case .expire(let expiry): return Int(clamping: expiry.limit)
    case .step(let step): return standingCount(step.instrument)
    case .halt(let halt): return standingCount(halt.instrument)
    case .cross(let part): return 2 * Int(part.limit)
    }
  }

  private func standingCount(_ instrument: InstrumentID) -> Int {
    engine.restingCount(instrument) + (auctionBooks[instrument]?.count ?? 0) + (onCloseOrders[instrument]?.count ?? 0)
  }

  // MARK: Steps

  /// Takes an instrument to the next stage of its day; nothing leads back.
  mutating func take(_ step: SessionStep, _ work: inout Reaction, _ builder: inout SettlementBuilder) {
    var phase = phases[step.instrument] ?? InstrumentPhase()
    guard phase.point.map({ $0 < step.point }) ?? true else { return }
    phase.point = step.point
    change(step.instrument, to: phase, step.auction, &work, &builder)
  }

  /// Halts an instrument, or lets it trade again: what was collected meanwhile crosses.
  mutating func halt(_ halt: TradingHalt, _ work: inout Reaction, _ builder: inout SettlementBuilder) {
    var phase = phases[halt.instrument] ?? InstrumentPhase()
    guard phase.isHalted != halt.isHalted else { return }
    phase.isHalted = halt.isHalted
    change(halt.instrument, to: phase, halt.auction, &work, &builder)
  }

  private mutating func change(
    _ instrument: InstrumentID, to phase: InstrumentPhase, _ terms: AuctionTerms, _ work: inout Reaction,
    _ builder: inout SettlementBuilder
  ) {
    let old = phases[instrument] ?? InstrumentPhase()
    var phase = phase
    if !phase.isContinuous { phase.limit = nil }
    phases[instrument] = phase
    builder.phaseChanged(instrument, phase)
    let isClosed = phase.point?.stage == .closed && old.point != phase.point
    if var auction = auctions[instrument] {
      // It is executed to its end; what follows it, how the instrument trades then decides.
      if isClosed, old.point != nil { (auction.nextClose, auction.reference) = (work.entry.sequence, terms.reference) }
      auctions[instrument] = auction
      clearings[instrument] = nil
      return builder.auctionMoved(instrument, to: auction)
    }
    // Orders for the close take part in its auction; during a halt they wait on.
    let closes = isClosed && old.isContinuous && old.point != nil
    if old.isContinuous, !phase.isContinuous { collect(instrument, withClosing: closes) }
    guard isClosed || !old.isContinuous && phase.isContinuous else { return }
    // Who wanted a day's auctions only has had them, or there were none.
    auctions[instrument] = AuctionExecution(
      stage: closes || !isClosed ? .pricing : .clearing, before: work.entry.sequence, isClosing: isClosed,
      reference: terms.reference)
    carryOn(instrument, limit: terms.partLimit, &work, &builder)
  }

  /// Takes an instrument's orders out of their books to stand side by side, in their order of time.
  private mutating func collect(_ instrument: InstrumentID, withClosing: Bool) {
    // What stood at the end of a band is collected with its limit.
    var orders = engine.restingOrders(instrument).map { order in
      var order = order
      order.price = resting(order.order).price
      return order
    }
    bands[instrument] = nil
    if withClosing { orders += onCloseOrders.removeValue(forKey: instrument)?.orders ?? [] }
    engine.remove(instrument)
    auctionBooks[instrument] = collected(instrument, byTime(orders))
  }

  /// Open orders of an instrument, by priority and activation: those that stand somewhere to trade, and those that wait
  /// outside. A shard has many instruments, so nobody looks through all that is open in it.
  func openKeys(
    of instrument: InstrumentID, where isWanted: (OrderKey, OpenOrder) -> Bool
  ) -> [OrderKey] {
    var keys = conditional.keys(of: instrument).filter { conditional[$0]?.conditions.phase != .working }
    for standing in [
      engine.restingOrders(instrument), auctionBooks[instrument]?.orders, onCloseOrders[instrument]?.orders,
    ] {
      keys += (standing ?? []).lazy.map(\.order)
    }
    let wanted = keys.compactMap { key -> (priority: Sequence, activation: Int32, key: OrderKey)? in
      guard let order = open[key], isWanted(key, order) else { return nil }
      return (order.priority, order.activation, key)
    }
    return wanted.sorted { $0 < $1 }.map(\.key)
  }

  // MARK: Expiry

  /// Ends some of the orders whose time is over.
  mutating func expire(_ command: ExpireOrders, _ work: inout Reaction, _ builder: inout SettlementBuilder) {
    if expiry?.serves(command) != true { expiry = queue(for: command) }
    var count: Int64 = 0
    while count < command.limit, let key = expiry?.keys.popLast() {
      // It may have ended since: by a cancel, or with its class.
      guard let order = open[key], isOver(key, order, command) else { continue }
      expire(key, reason: 0, &work, &builder)
      count += 1
    }
    if expiry?.keys.isEmpty == true { expiry = nil }
  }

  /// In the order of the log, which nothing that happens later changes: an owner that takes over between two parts goes on
  /// with the same orders.
  private func queue(for command: ExpireOrders) -> ExpiryQueue {
    let keys = openKeys(of: command.instrument) { isOver($0, $1, command) }
      .sorted { ($0.sequence, $0) > ($1.sequence, $1) }
    return ExpiryQueue(
      instrument: command.instrument, dayThrough: command.dayThrough,
      untilCanceledThrough: command.untilCanceledThrough, keys: keys)
  }

  private func isOver(_ key: OrderKey, _ order: OpenOrder, _ command: ExpireOrders) -> Bool {
    switch order.timeInForce {
    case .day: key.sequence <= command.dayThrough
    case .gtc: key.sequence <= command.untilCanceledThrough
    case .ioc, .fok, .opg, .cls: false
    }
  }

  /// Ends an order whose time is over, and its class with it.
  mutating func expire(
    _ key: OrderKey, reason: UInt8, _ work: inout Reaction, _ builder: inout SettlementBuilder
  ) {
    work.isExpiring = true
    if conditional[key] != nil {
      end(key, reason: reason, &work, &builder)
    } else if let order = open[key] {
      operate(.cancel(key, in: order.instrument), reason: reason, &work, &builder)
    }
    work.isExpiring = false
  }
}
