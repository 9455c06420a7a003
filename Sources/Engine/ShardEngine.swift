package import Accounting
package import Market
internal import Matching

/// The books of one shard together with what settling needs to know of the orders in them: log rows in, settlement out.
///
/// A pure value: the same log gives the same settlements, whoever works it and however it is cut into batches.
package struct ShardEngine: Sendable {
  /// The shard.
  package let shard: Shard
  /// The last command that was applied.
  package internal(set) var cursor: Sequence
  var engine: MatchingEngine
  var open: [OrderKey: OpenOrder]
  /// Open orders that wait outside the books or belong to a class, and what they react to.
  var conditional = ConditionalOrders()
  /// The price of the latest trade of each instrument that has traded.
  private(set) var lastPrices: [InstrumentID: Price]
  /// How instruments trade that have been told; all others always trade.
  var phases: [InstrumentID: InstrumentPhase]
  /// The orders of instruments whose orders are collected.
  var auctionBooks: [InstrumentID: AuctionBook] = [:]
  /// Auctions that are being executed; their instruments' orders are collected meanwhile.
  var auctions: [InstrumentID: AuctionExecution] = [:]
  /// What the parts of these take from, found once.
  var crossings: [InstrumentID: CrossingQueue] = [:]
  /// What ends with these, found once; the first at the end.
  var clearings: [InstrumentID: [OrderKey]] = [:]
  /// The bands of instruments that trade within one.
  var bands: [InstrumentID: PriceBand] = [:]
  /// Orders for the closing auction while their instruments trade.
  var onCloseOrders: [InstrumentID: AuctionBook] = [:]
  /// Orders that are about to expire, found once for many commands.
  var expiry: ExpiryQueue?
  /// Instruments of the shard, whether or not they have had orders: what was shown of them may be another owner's.
  var listed: Set<InstrumentID> = []
  /// Commands that were put in quarantine: orders that they were to place are open and in no book.
  private var quarantined: Set<Sequence> = []

  /// Rebuilds the books as they stood after `processed`.
  /// - Parameters:
  ///   - orders: The open orders whose commands have been processed, by priority and activation.
  ///   - lastPrices: The prices of the latest trades up to there.
  ///   - phases: How instruments trade.
  ///   - auctions: Auctions that are being executed.
  /// - Throws: ``RecoveryFault`` when the stored orders contradict each other.
  package init(
    shard: Shard, processed: Sequence, orders: [OrderRecord], lastPrices: [InstrumentID: Price] = [:],
    phases: [InstrumentID: InstrumentPhase] = [:], auctions: [InstrumentID: AuctionExecution] = [:]
  ) throws(RecoveryFault) {
    self.shard = shard
    cursor = processed
    engine = MatchingEngine(expectedOrders: orders.count)
    open = Dictionary(minimumCapacity: orders.count)
    self.lastPrices = lastPrices
    self.phases = phases
    self.auctions = auctions
    for instrument in auctions.keys { auctionBooks[instrument] = AuctionBook(instrument: instrument) }
    for (instrument, phase) in phases where auctions[instrument] == nil {
      if phase.isContinuous {
        bands[instrument] = phase.band?.band
      } else {
        auctionBooks[instrument] = AuctionBook(instrument: instrument)
      }
    }
    for order in orders {
      let key = OrderKey(order.sequence, leg: order.conditions?.leg ?? 0)
      if order.phase == .working { try restore(order, as: key) }
      guard open.updateValue(OpenOrder(order), forKey: key) == nil else {
        throw RecoveryFault(order: order.id, reason: "its place in the log is another order's")
      }
      if let conditions = order.conditions {
        conditional.restore(key, ConditionalOrder(conditions, order.side, in: order.instrument), of: order.account)
      }
    }
    for group in conditional.groups.keys { conditional.groups[group]!.hold = exitHold(of: group) }
  }

  private mutating func restore(_ order: OrderRecord, as key: OrderKey) throws(RecoveryFault) {
    let resting = RestingOrder(
      order: key, instrument: order.instrument, account: order.account, side: order.side, price: order.price,
      leaves: order.leaves, filled: order.filled, selfTradePrevention: order.selfTradePrevention)
    do throws(RestoreRefusal) {
      try restore(resting, of: OpenOrder(order))
    } catch {
      throw RecoveryFault(order: order.id, reason: "\(error)")
    }
  }

  /// Rebuilds the books from their stored state.
  /// - Throws: ``RecoveryFault`` when the stored orders contradict each other.
  package init(_ book: ShardBook) throws(RecoveryFault) {
    try self.init(
      shard: book.shard, processed: book.processed, orders: book.orders, lastPrices: book.lastPrices,
      phases: book.phases, auctions: book.auctions)
    listed = Set(book.instruments)
  }

  /// How many orders are open: in the books or waiting outside.
  package var openCount: Int { open.count }

  /// The open orders, by priority and activation, with their open shares: for comparison with what is stored.
  package func openOrders() -> [OpenOrder] {
    open.values.sorted { ($0.priority, $0.activation, $0.id) < ($1.priority, $1.activation, $1.id) }
  }

  /// Auctions that are being executed: for comparison with what is stored.
  package var executedAuctions: [InstrumentID: AuctionExecution] { auctions }

  /// Carries out log rows that follow the cursor without a gap.
  package mutating func apply(_ entries: some Collection<LogEntry>) -> Settlement {
    var builder = SettlementBuilder(shard: shard, after: cursor)
    var rest = entries[...]
    while let first = rest.first {
      // A run without reactions goes to the books at once.
      let run = rest.prefix { isPlain($0) && !mayTouchLimit($0.command) }
      if !run.isEmpty {
        apply(plain: run, &builder)
      } else if isPlain(first) {
        apply(plain: rest.prefix(1), &builder)
        noteLimit(of: first.command.instrument, &builder)
      } else {
        react(to: first, &builder)
        noteLimit(of: first.command.instrument, &builder)
      }
      rest = rest.dropFirst(Swift.max(1, run.count))
    }
    let settlement = builder.finish()
    for last in settlement.lastPrices { lastPrices[last.instrument] = last.price }
    return settlement
  }

  private mutating func apply(plain entries: some Collection<LogEntry>, _ builder: inout SettlementBuilder) {
    var events: [BookEvent] = []
    engine.apply(entries.compactMap { $0.isRefused ? nil : withinBand(BookCommand($0)) }, into: &events)
    var rest = events[...]
    var position: Int32 = 0
    for entry in entries {
      builder.begin(entry.sequence)
      if entry.isRefused {
        refuse(entry, &builder)
      } else {
        let own = rest.prefix { $0.command == position }
        rest = rest.dropFirst(own.count)
        position += 1
        settle(entry, own, &builder)
      }
      cursor = entry.sequence
    }
  }

  /// Passes the next log row over: it goes into quarantine and changes nothing.
  package mutating func quarantine(_ sequence: Sequence) -> Settlement {
    var builder = SettlementBuilder(shard: shard, after: cursor)
    builder.begin(sequence)
    cursor = sequence
    quarantined.insert(sequence)
    return builder.finish()
  }

  /// Learns which log rows before the cursor were put in quarantine, as far as later rows may refer to them.
  package mutating func recall(quarantined sequences: [Sequence]) { quarantined.formUnion(sequences) }

  /// Reports what one command did.
  mutating func settle(_ entry: LogEntry, _ events: ArraySlice<BookEvent>, _ builder: inout SettlementBuilder) {
    let key = OrderKey(entry.sequence.rawValue)
    for event in events {
      switch event.kind {
      case .accepted:
        let order = OpenOrder(placed(entry.command), sequence: entry.sequence)
        open[key] = order
        builder.entered(order)
      case .rejected:
        let order = OpenOrder(placed(entry.command), sequence: entry.sequence)
        builder.rejected(order, reason: event.reason.rawValue)
      case .trade:
        var (taker, maker) = (resting(event.order), resting(event.counterpart))
        builder.traded(taker: &taker, maker: &maker, price: event.price, quantity: event.quantity)
        keep(taker, as: event.order)
        keep(maker, as: event.counterpart)
      case .canceled:
        builder.canceled(resting(event.order), reason: event.reason.rawValue)
        open[event.order] = nil
      case .replaced: replaced(entry, event, &builder)
      case .cancelRejected:
        let cancel = target(of: entry.command)
        builder.cancelRejected(OpenOrder(cancel), reason: event.reason.rawValue)
        unmark(cancel.target, cancel.targetSequence, of: cancel.account, &builder)
      case .replaceRejected:
        guard case .replace(let replace) = entry.command else { preconditionFailure("an event of another command") }
        rejected(replace, entry.sequence, reason: event.reason.rawValue, &builder)
      case .reduced: preconditionFailure("no log row asks for a reduction")
      }
    }
  }

  /// Rejects what an operator has refused; the books do not hear of it.
  func refuse(_ entry: LogEntry, _ builder: inout SettlementBuilder) {
    let reason = OrderEvent.refusedByOperator
    switch entry.command {
    case .place(let order): builder.rejected(OpenOrder(order, sequence: entry.sequence), reason: reason)
    case .replace(let replace): rejected(replace, entry.sequence, reason: reason, &builder)
    case .cancel(let cancel):
      if let order = open[cancel.targetKey] {
        builder.cancelRefused(order, reason: reason)
      } else {
        builder.cancelRejected(OpenOrder(cancel), reason: reason)
        unmark(cancel.target, cancel.targetSequence, of: cancel.account, &builder)
      }
    case .step, .expire, .halt, .band, .cross: break
    }
  }

  func rejected(
    _ replace: ReplaceOrder, _ sequence: Sequence, reason: UInt8, _ builder: inout SettlementBuilder
  ) {
    let new = OpenOrder(replace.order, sequence: sequence)
    let old = open[replace.targetKey]
    builder.replaceRejected(
      old: old, target: old ?? new.named(replace.target), new: new, extraHold: replace.extraHold, reason: reason)
    unmark(replace.target, replace.targetSequence, of: replace.order.account, &builder)
  }

  /// An order in quarantine is open, so that what was asked of it must not stay pending for ever.
  private func unmark(
    _ order: OrderID, _ sequence: Sequence, of account: AccountNumber, _ builder: inout SettlementBuilder
  ) {
    if quarantined.contains(sequence) { builder.unmarked(order, of: account) }
  }

  private mutating func replaced(_ entry: LogEntry, _ event: BookEvent, _ builder: inout SettlementBuilder) {
    guard case .replace(let replace) = entry.command else { preconditionFailure("an event of another command") }
    let old = resting(event.counterpart)
    var new = OpenOrder(replace.order, sequence: event.keepsPriority ? old.priority : entry.sequence)
    new.inherit(from: old)
    if event.keepsPriority { new.activation = old.activation }
    open[event.counterpart] = nil
    open[event.order] = new
    builder.replaced(old: old, new: new, extraHold: replace.extraHold)
  }

  func resting(_ key: OrderKey) -> OpenOrder {
    guard let order = open[key] else { preconditionFailure("shard \(shard): order \(key) trades but is not known") }
    return order
  }

  private mutating func keep(_ order: OpenOrder, as key: OrderKey) {
    open[key] = order.leaves > .zero ? order : nil
  }

  private func placed(_ command: Command) -> PlaceOrder {
    switch command {
    case .place(let order): return order
    case .replace(let replace): return replace.order
    case .cancel, .step, .expire, .halt, .band, .cross: preconditionFailure("the command places no order")
    }
  }

  private func target(of command: Command) -> CancelOrder {
    guard case .cancel(let cancel) = command else { preconditionFailure("an event of another command") }
    return cancel
  }
}

/// Stored orders that cannot be put back into a book: the database was changed by other hands.
package struct RecoveryFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// The order in question.
  package var order: OrderID
  /// What is wrong with it.
  package var reason: String

  /// In a log.
  package var description: String { "order \(order): \(reason)" }
}

extension CancelOrder {
  /// The engine's name of the order to cancel.
  var targetKey: OrderKey { OrderKey(targetSequence, leg: targetLeg) }
}

extension ReplaceOrder {
  /// The engine's name of the order to replace.
  var targetKey: OrderKey { OrderKey(targetSequence, leg: targetLeg) }
}

extension BookCommand {
  /// The engine's form of a log row: its sequence is the order's key.
  init(_ entry: LogEntry) {
    let key = OrderKey(entry.sequence.rawValue)
    switch entry.command {
    case .place(let order):
      self.init(.place, key, order.terms, in: order.instrument, of: order.account)
    case .replace(let replace):
      let order = replace.order
      self.init(.replace, key, target: replace.targetKey, order.terms, in: order.instrument, of: order.account)
    case .cancel(let cancel):
      self = .cancel(cancel.targetKey, in: cancel.instrument, account: cancel.account)
    case .step, .expire, .halt, .band, .cross: preconditionFailure("no book carries out what the exchange asks for")
    }
  }

  /// The command that brings an order to its book.
  init(
    _ kind: Kind, _ order: OrderKey, target: OrderKey = 0, _ terms: OrderTerms, in instrument: InstrumentID,
    of account: AccountNumber
  ) {
    self.init(
      kind: kind, side: terms.side, type: terms.type, timeInForce: terms.timeInForce, postOnly: terms.postOnly,
      selfTradePrevention: terms.selfTradePrevention, instrument: instrument, order: order, target: target,
      account: account, price: terms.price, quantity: terms.quantity)
  }
}
