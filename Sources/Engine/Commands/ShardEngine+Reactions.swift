internal import Accounting
internal import Market
internal import Matching

/// What a command sets off beyond the book that it goes to.
struct Reaction {
  /// Something that is still to be done, after what the command itself did.
  enum Step {
    /// A waiting order's stop has been reached.
    case fire(OrderKey)
    /// The entry of a class is completely filled, or a class has none.
    case goLive(OrderID)
  }

  let entry: LogEntry
  /// How many orders have entered a book beyond the command's own.
  var activations: Int32 = 0
  /// What is to be done, first come, first served: each trigger fires once, so that it comes to an end.
  var agenda: [Step] = []
  /// Whether the rest of a class is being ended: what ends by that ends nothing more.
  var isEndingClass = false
  /// Whether orders end because their time is over.
  var isExpiring = false
  /// The classes whose holds have to be looked at, as they were touched.
  var groups: [OrderID] = []

  init(_ entry: LogEntry) { self.entry = entry }

  /// Remembers a class.
  mutating func touch(_ group: OrderID) {
    if !groups.contains(group) { groups.append(group) }
  }
}

/// Commands of instruments with waiting orders or classes: one at a time, with everything that each sets off.
///
/// A command does what it does. Then, for each of its trades in order, the trade's price is the last price, and the triggers
/// that it reaches are put on the agenda in the order of ``TriggerBook``. They enter the book one after the other; their
/// trades put more on the agenda, behind what is there. Exits of a class do not outlive what ends it: that is done at once,
/// so that of two exits never both trade the same shares.
extension ShardEngine {
  /// Whether a log row can set off nothing beyond its book.
  func isPlain(_ entry: LogEntry) -> Bool {
    switch entry.command {
    case .place(let order):
      return order.trigger == nil && order.legs.isEmpty && !order.timeInForce.isForAuction && isPlain(order.instrument)
    case .cancel(let cancel): return isPlain(cancel.instrument)
    case .replace(let replace):
      return replace.order.trigger == nil && isPlain(replace.order.instrument) && bands[replace.order.instrument] == nil
    case .step, .expire, .halt, .band, .cross: return false
    }
  }

  private func isPlain(_ instrument: InstrumentID) -> Bool {
    !conditional.concerns(instrument) && (auctionBooks.isEmpty || auctionBooks[instrument] == nil)
      && (onCloseOrders.isEmpty || onCloseOrders[instrument] == nil)
  }

  /// Carries out a log row with all that it sets off.
  mutating func react(to entry: LogEntry, _ builder: inout SettlementBuilder) {
    builder.begin(entry.sequence)
    var work = Reaction(entry)
    if entry.isRefused {
      refuse(entry, &builder)
      if case .place(let order) = entry.command { refuseLegs(order, entry.sequence, &builder) }
    } else {
      switch entry.command {
      case .place(let order): place(order, &work, &builder)
      case .cancel(let cancel): self.cancel(cancel, &work, &builder)
      case .replace(let replace): self.replace(replace, &work, &builder)
      case .step(let step): take(step, &work, &builder)
      case .expire(let expiry): expire(expiry, &work, &builder)
      case .halt(let halt): self.halt(halt, &work, &builder)
      case .band(let band): self.band(band, &work, &builder)
      case .cross(let part): cross(part, &work, &builder)
      }
    }
    while !work.agenda.isEmpty {
      switch work.agenda.removeFirst() {
      case .fire(let key): fire(key, &work, &builder)
      case .goLive(let group): goLive(group, &work, &builder)
      }
    }
    for group in work.groups { moveHold(of: group, &builder) }
    cursor = entry.sequence
  }

  // MARK: Books

  /// Has a book carry out a command and reacts to what happens there.
  /// - Parameter reason: Why an order is taken out, if not because its account asked for it.
  mutating func operate(
    _ command: BookCommand, reason: UInt8? = nil, _ work: inout Reaction, _ builder: inout SettlementBuilder
  ) {
    digest(carryOut(command), of: command.order, reason: reason, &work, &builder)
  }

  /// Reports what happened in a book and reacts to it.
  /// - Parameters:
  ///   - order: The order that was to be taken out, if one was.
  ///   - reason: Why.
  mutating func digest(
    _ events: [BookEvent], of order: OrderKey? = nil, reason: UInt8? = nil, _ work: inout Reaction,
    _ builder: inout SettlementBuilder
  ) {
    for event in events {
      switch event.kind {
      case .accepted where open[event.order] != nil: continue
      // It has moved within its book.
      case .replaced where event.order == event.counterpart: continue
      case .rejected where open[event.order] != nil:
        preconditionFailure("shard \(shard): order \(event.order) cannot enter its book")
      case .canceled where reason != nil && event.order == order:
        let ended = resting(event.order)
        if work.isExpiring { builder.expired(ended, reason: reason!) } else { builder.canceled(ended, reason: reason!) }
        open[event.order] = nil
      case .accepted, .rejected, .canceled, .trade, .reduced, .replaced, .cancelRejected, .replaceRejected:
        settle(work.entry, [event], &builder)
      }
      follow(event, &work, &builder)
    }
  }

  private mutating func follow(_ event: BookEvent, _ work: inout Reaction, _ builder: inout SettlementBuilder) {
    switch event.kind {
    case .trade:
      // All trades of a round have one price: it is followed at the round's end.
      let instrument = work.entry.command.instrument
      if auctions[instrument] == nil { traded(at: event.price, in: instrument, &work, &builder) }
      executed(event.order, event.quantity, &work, &builder)
      executed(event.counterpart, event.quantity, &work, &builder)
    case .canceled, .rejected: ended(event.order, &work, &builder)
    case .replaced: succeeded(event.counterpart, by: event.order, &work, &builder)
    case .accepted, .reduced, .cancelRejected, .replaceRejected: break
    }
  }

  /// Moves the last price; what it reaches is put on the agenda.
  private mutating func traded(
    at price: Price, in instrument: InstrumentID, _ work: inout Reaction, _ builder: inout SettlementBuilder
  ) {
    var moves: [TriggerBook.Move] = []
    let fired = conditional.triggers.trade(at: price, in: instrument, moves: &moves)
    for move in moves {
      conditional.change(move.order) { $0.trigger = move.trigger }
      note(move.order, &builder)
    }
    work.agenda += fired.map { .fire($0) }
  }

  /// Puts what the last price reaches on the agenda, where that was put off.
  mutating func followLastPrice(
    _ instrument: InstrumentID, _ work: inout Reaction, _ builder: inout SettlementBuilder
  ) {
    guard let last = builder.lastPrice(of: instrument) ?? lastPrices[instrument] else { return }
    traded(at: last, in: instrument, &work, &builder)
  }

  // MARK: Triggers

  /// Lets an order wait for its stop, or puts it on the agenda when that has been reached already.
  mutating func wait(_ key: OrderKey, _ work: inout Reaction, _ builder: inout SettlementBuilder) {
    guard let order = conditional[key], var trigger = order.conditions.trigger else { return }
    // Nothing fires while an auction is being executed; at its end the last price is followed.
    guard auctions[order.instrument] == nil else { return conditional.wait(key) }
    if let last = builder.lastPrice(of: order.instrument) ?? lastPrices[order.instrument] {
      if trigger.follow(last, order.side) {
        conditional.change(key) { $0.trigger = trigger }
        note(key, &builder)
      }
      if trigger.isReached(by: last, order.side) { return work.agenda.append(.fire(key)) }
    }
    conditional.wait(key)
  }

  /// Sends an order whose stop has been reached to the book, unless it has ended meanwhile.
  ///
  /// An exit that fires ends the other exit first: both may never be in the book.
  mutating func fire(_ key: OrderKey, _ work: inout Reaction, _ builder: inout SettlementBuilder) {
    guard let waiting = conditional[key], waiting.conditions.phase == .waiting else { return }
    if waiting.conditions.role.isExit, let group = waiting.conditions.group {
      work.isEndingClass = true
      for other in conditional.groups[group]!.exits where other != key {
        end(other, reason: OrderEvent.otherEnded, &work, &builder)
      }
      work.isEndingClass = false
    }
    builder.triggered(open[key]!)
    enter(key, &work, &builder)
  }

  /// Sends an order that stood outside to the book, behind all that are there.
  mutating func enter(
    _ key: OrderKey, _ work: inout Reaction, _ builder: inout SettlementBuilder
  ) {
    work.activations += 1
    open[key]!.priority = work.entry.sequence
    open[key]!.activation = work.activations
    conditional.change(key) { conditions in
      conditions.phase = .working
      conditions.activation = work.activations
    }
    let (order, terms) = (open[key]!, conditional[key]!)
    builder.entersBook(order)
    note(key, &builder)
    if let group = terms.conditions.group { work.touch(group) } else { conditional.remove(key) }
    operate(terms.entry(key, order, stands: auctionBooks[terms.instrument] != nil), &work, &builder)
  }

  /// Reports an order's conditions as they are now.
  mutating func note(_ key: OrderKey, _ builder: inout SettlementBuilder) {
    guard let order = open[key], let terms = conditional[key] else { return }
    builder.changed(
      .init(
        account: order.account, id: order.id, phase: terms.conditions.phase, activation: order.activation,
        trigger: terms.conditions.trigger, quantity: order.quantity, isExit: order.isExit))
  }
}

extension Command {
  /// Names its kind, and the stage that a step leads to.
  package var word: String {
    switch self {
    case .place: "place"
    case .cancel: "cancel"
    case .replace: "replace"
    case .step(let step): step.point.stage.word
    case .expire: "expire"
    case .halt(let halt): halt.isHalted ? "halt" : "resume"
    case .band: "band"
    case .cross: "cross"
    }
  }

  /// What it is about.
  var instrument: InstrumentID {
    switch self {
    case .place(let order): return order.instrument
    case .cancel(let cancel): return cancel.instrument
    case .replace(let replace): return replace.order.instrument
    case .step(let step): return step.instrument
    case .expire(let expiry): return expiry.instrument
    case .halt(let halt): return halt.instrument
    case .band(let band): return band.instrument
    case .cross(let part): return part.instrument
    }
  }
}
