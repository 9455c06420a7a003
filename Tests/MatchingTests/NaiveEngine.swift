import Market
import Matching

/// The rules of the book in their obvious form: an array of orders a side, best price first, oldest first, searched from
/// the front. Slow, and the reference for the quick engine.
struct NaiveEngine {
  private(set) var books: [InstrumentID: NaiveBook] = [:]

  mutating func apply(_ commands: [BookCommand]) -> [BookEvent] {
    var events: [BookEvent] = []
    for (position, command) in commands.enumerated() {
      for var event in apply(command) {
        event.command = Int32(position)
        events.append(event)
      }
    }
    return events
  }

  func contains(_ order: OrderKey) -> Bool { books.values.contains { $0.order(order) != nil } }

  private mutating func apply(_ command: BookCommand) -> [BookEvent] {
    let isTaken = contains(command.order)
    var book = books[command.instrument] ?? NaiveBook(instrument: command.instrument)
    defer { books[command.instrument] = book }
    switch command.kind {
    case .place: return book.place(command, isTaken: isTaken)
    case .cancel: return book.cancel(command)
    case .reduce: return book.reduce(command)
    case .replace: return book.replace(command, isTaken: isTaken && command.order != command.target)
    }
  }
}

/// One book of the reference.
struct NaiveBook {
  let instrument: InstrumentID
  private(set) var bids: [RestingOrder] = []
  private(set) var asks: [RestingOrder] = []

  init(instrument: InstrumentID) { self.instrument = instrument }

  func orders(_ side: Side) -> [RestingOrder] { side == .buy ? bids : asks }

  func order(_ key: OrderKey) -> RestingOrder? { (bids + asks).first { $0.order == key } }

  mutating func place(_ command: BookCommand, isTaken: Bool) -> [BookEvent] {
    let refusal: BookEvent.Reason?
    if !isInRange(command) {
      refusal = .invalid
    } else if isTaken {
      refusal = .duplicateOrder
    } else {
      refusal = command.postOnly && crosses(command) ? .postOnlyWouldTrade : nil
    }
    var event = BookEvent(
      kind: .rejected, side: command.side, command: 0, order: command.order, price: command.price,
      quantity: command.quantity)
    if let refusal {
      event.reason = refusal
      return [event]
    }
    event.kind = .accepted
    event.leaves = command.quantity
    return [event] + enter(command, account: command.account, leaves: command.quantity, filled: .zero)
  }

  mutating func cancel(_ command: BookCommand) -> [BookEvent] {
    guard let order = owned(command.order, command) else { return [refusal(command, .unknownOrder)] }
    remove(order.order)
    return [canceled(order, .requested)]
  }

  mutating func reduce(_ command: BookCommand) -> [BookEvent] {
    guard command.quantity > .zero else { return [refusal(command, .invalid)] }
    guard var order = owned(command.order, command) else { return [refusal(command, .unknownOrder)] }
    if command.quantity >= order.leaves {
      remove(order.order)
      return [canceled(order, .requested)]
    }
    order.leaves -= command.quantity
    update(order)
    return [
      BookEvent(
        kind: .reduced, reason: .requested, side: order.side, command: 0, order: order.order, price: order.price,
        quantity: command.quantity, leaves: order.leaves)
    ]
  }

  mutating func replace(_ command: BookCommand, isTaken: Bool) -> [BookEvent] {
    var event = BookEvent(
      kind: .replaceRejected, side: command.side, command: 0, order: command.order, counterpart: command.target,
      price: command.price, quantity: command.quantity)
    let old = owned(command.target, command)
    if !isInRange(command) {
      event.reason = .invalid
    } else if old == nil {
      event.reason = .unknownOrder
    } else if old!.side != command.side {
      event.reason = .invalid
    } else if isTaken {
      event.reason = .duplicateOrder
    } else if command.quantity <= old!.filled {
      event.reason = .quantityNotAboveFilled
    } else if command.postOnly && crosses(command) {
      event.reason = .postOnlyWouldTrade
    }
    guard event.reason == .none, let old else { return [event] }

    let account = command.account.rawValue == 0 ? old.account : command.account
    let leaves = command.quantity - old.filled
    event.kind = .replaced
    event.leaves = leaves
    event.counterpartLeaves = old.leaves
    event.keepsPriority = command.price == old.price && leaves < old.leaves && mayRest(command)
    if event.keepsPriority {
      let new = RestingOrder(
        order: command.order, instrument: instrument, account: account, side: old.side, price: old.price,
        leaves: leaves, filled: old.filled, selfTradePrevention: command.selfTradePrevention)
      update(new, key: old.order)
      return [event]
    }
    remove(old.order)
    return [event] + enter(command, account: account, leaves: leaves, filled: old.filled)
  }

  /// Trades and then rests or ends.
  private mutating func enter(
    _ command: BookCommand, account: AccountNumber, leaves: Quantity, filled: Quantity
  ) -> [BookEvent] {
    var order = RestingOrder(
      order: command.order, instrument: instrument, account: account, side: command.side, price: command.price,
      leaves: leaves, filled: filled, selfTradePrevention: command.selfTradePrevention)
    if command.timeInForce == .fok {
      // Try it on a copy of the book: whatever leaves a rest is not wholly fillable.
      var trial = self
      var trialOrder = order
      _ = trial.trade(&trialOrder)
      if trialOrder.leaves > .zero { return [canceled(order, .notWhollyFillable)] }
    }
    let (stoppedBy, trades) = trade(&order)
    if order.leaves == .zero { return trades }
    if let stoppedBy { return trades + [canceled(order, .selfTrade, other: stoppedBy)] }
    if !mayRest(command) { return trades + [canceled(order, .notImmediatelyFillable)] }
    insert(order)
    return trades
  }

  private mutating func trade(_ order: inout RestingOrder) -> (stoppedBy: OrderKey?, events: [BookEvent]) {
    var events: [BookEvent] = []
    while order.leaves > .zero, var maker = orders(order.side.opposite).first, isWithin(maker.price, order) {
      if maker.account == order.account, order.account.rawValue != 0 {
        if order.selfTradePrevention != .cancelNewest {
          remove(maker.order)
          events.append(canceled(maker, .selfTrade, other: order.order))
        }
        if order.selfTradePrevention != .cancelOldest { return (maker.order, events) }
        continue
      }
      let quantity = min(order.leaves, maker.leaves)
      order.leaves -= quantity
      order.filled += quantity
      maker.leaves -= quantity
      maker.filled += quantity
      if maker.leaves == .zero { remove(maker.order) } else { update(maker) }
      events.append(
        BookEvent(
          kind: .trade, side: order.side, command: 0, order: order.order, counterpart: maker.order, price: maker.price,
          quantity: quantity, leaves: order.leaves, counterpartLeaves: maker.leaves))
    }
    return (nil, events)
  }

  private func isInRange(_ command: BookCommand) -> Bool {
    command.order != 0 && command.price.rawValue > 0 && command.quantity > .zero
      && command.quantity <= MatchingEngine.maximumQuantity
  }

  private func mayRest(_ command: BookCommand) -> Bool {
    command.type == .limit && [.day, .gtc].contains(command.timeInForce)
  }

  private func crosses(_ command: BookCommand) -> Bool {
    guard let best = orders(command.side.opposite).first else { return false }
    return command.side == .buy ? best.price <= command.price : best.price >= command.price
  }

  private func isWithin(_ price: Price, _ order: RestingOrder) -> Bool {
    order.side == .buy ? price <= order.price : price >= order.price
  }

  private func owned(_ key: OrderKey, _ command: BookCommand) -> RestingOrder? {
    guard let order = order(key) else { return nil }
    return command.account.rawValue == 0 || command.account == order.account ? order : nil
  }

  private mutating func insert(_ order: RestingOrder) {
    if order.side == .buy {
      bids.insert(order, at: bids.firstIndex { $0.price < order.price } ?? bids.count)
    } else {
      asks.insert(order, at: asks.firstIndex { $0.price > order.price } ?? asks.count)
    }
  }

  private mutating func update(_ order: RestingOrder, key: OrderKey? = nil) {
    let key = key ?? order.order
    if let index = bids.firstIndex(where: { $0.order == key }) { bids[index] = order }
    if let index = asks.firstIndex(where: { $0.order == key }) { asks[index] = order }
  }

  private mutating func remove(_ key: OrderKey) {
    bids.removeAll { $0.order == key }
    asks.removeAll { $0.order == key }
  }

  private func refusal(_ command: BookCommand, _ reason: BookEvent.Reason) -> BookEvent {
    BookEvent(kind: .cancelRejected, reason: reason, side: .buy, command: 0, order: command.order)
  }

  private func canceled(_ order: RestingOrder, _ reason: BookEvent.Reason, other: OrderKey = 0) -> BookEvent {
    BookEvent(
      kind: .canceled, reason: reason, side: order.side, command: 0, order: order.order, counterpart: other,
      price: order.price, quantity: order.leaves)
  }
}
