public import Market

/// The orders of one instrument while they are collected for an auction: they stand side by side without trading, also where
/// their prices cross, until they are crossed.
///
/// Commands give the events that ``MatchingEngine`` gives where nothing is met. A pure value, for thousands of orders: placing
/// and canceling cost the same whatever their number, crossing n log n.
public struct AuctionBook: Sendable {
  /// What is traded.
  public let instrument: InstrumentID
  private var entries: [OrderKey: Entry] = [:]
  private var nextPlace: Int64 = 0

  /// An order and its place in time.
  private struct Entry: Hashable, Sendable {
    var order: RestingOrder
    var place: Int64
  }

  /// A book without orders.
  public init(instrument: InstrumentID) { self.instrument = instrument }

  /// A book that begins with orders in their order of time, for example those that stood in a book that traded.
  /// - Throws: ``RestoreRefusal`` for a key that is 0 or used twice, or an order without open shares.
  public init(instrument: InstrumentID, orders: [RestingOrder]) throws(RestoreRefusal) {
    self.instrument = instrument
    entries.reserveCapacity(orders.count)
    for order in orders { try restore(order) }
  }

  /// Puts an order at the end, for recovery, where orders come in their order of time.
  /// - Throws: ``RestoreRefusal``, and nothing has changed.
  public mutating func restore(_ order: RestingOrder) throws(RestoreRefusal) {
    guard order.order != 0, order.leaves > .zero, order.price.rawValue > 0 else { throw .invalid(order.order) }
    guard entries[order.order] == nil else { throw .duplicateOrder(order.order) }
    append(order)
  }

  /// How many orders are in it.
  public var count: Int { entries.count }

  /// Whether it holds an order.
  public func contains(_ order: OrderKey) -> Bool { entries[order] != nil }

  /// The order with this key, if there is one.
  public func find(_ order: OrderKey) -> RestingOrder? { entries[order]?.order }

  /// All orders in their order of time.
  public var orders: [RestingOrder] { entries.values.sorted { $0.place < $1.place }.map(\.order) }

  /// Where orders would cross now.
  public func indication(reference: Price? = nil) -> Auction.Indication? {
    Auction(orders).indication(reference: reference)
  }

  /// Carries out one command and appends what happens to `events`.
  /// - Parameter position: The command's place in its batch.
  public mutating func apply(_ command: BookCommand, at position: Int32, into events: inout [BookEvent]) {
    switch command.kind {
    case .place: events.append(place(command, position))
    case .cancel: events.append(cancel(command, position))
    case .reduce: events.append(reduce(command, position))
    case .replace: events.append(replace(command, position))
    }
  }

  /// The price at which the orders would cross; nil when no price lets any of them trade.
  /// - Parameter isIn: Which orders take part.
  public func price(reference: Price? = nil, where isIn: (OrderKey) -> Bool = { _ in true }) -> Price? {
    var shares = AuctionShares()
    for entry in entries.values where isIn(entry.order.order) {
      shares.add(entry.order.side, entry.order.price, entry.order.leaves)
    }
    return shares.best(reference)?.price
  }

  /// The orders that cross at a price, in the order in which they trade. Costs n log n for n of them.
  /// - Parameter isIn: Which orders take part.
  public func queue(at price: Price, where isIn: (OrderKey) -> Bool = { _ in true }) -> CrossingQueue {
    var (bids, asks): ([Place], [Place]) = ([], [])
    for entry in entries.values {
      switch entry.order.side {
      case .buy: if entry.order.price >= price, isIn(entry.order.order) { bids.append(Place(entry)) }
      case .sell: if entry.order.price <= price, isIn(entry.order.order) { asks.append(Place(entry)) }
      }
    }
    bids.sort { $1.precedes($0) }
    asks.sort { $1.precedes($0) }
    return CrossingQueue(bids: bids.map(\.order), asks: asks.map(\.order))
  }

  /// Crosses orders at a price: the best bid with the best ask, and so on. The later of two orders that trade counts as the
  /// taker. Where both are of one owner, they do not trade: one is taken out, or both (`canceled`, reason `selfTrade`), as
  /// the later one's prevention says.
  /// - Parameter limit: How many such pairs are dealt with at most.
  /// - Returns: How many were, and whether there are more.
  @discardableResult
  public mutating func cross(
    _ queue: inout CrossingQueue, at price: Price, limit: Int64 = .max, position: Int32 = 0,
    into events: inout [BookEvent]
  ) -> (pairs: Int64, isMore: Bool) {
    var pairs: Int64 = 0
    while let bid = next(&queue.bids, queue.successors), let ask = next(&queue.asks, queue.successors) {
      guard pairs < limit else { return (pairs, true) }
      pairs += 1
      if bid.order.account.rawValue != 0, bid.order.account == ask.order.account {
        preventSelfTrade(bid, ask, position, &events)
      } else {
        settle(
          Auction.Trade(
            buy: bid.order.order, sell: ask.order.order, quantity: min(bid.order.leaves, ask.order.leaves)),
          price, position, &events)
      }
    }
    return (pairs, false)
  }

  /// Crosses all orders at one price, at once.
  /// - Returns: The price; nil when nothing traded.
  @discardableResult
  public mutating func cross(
    reference: Price? = nil, at position: Int32 = 0, into events: inout [BookEvent]
  ) -> Price? {
    guard let price = price(reference: reference) else { return nil }
    var queue = queue(at: price)
    let before = events.count
    cross(&queue, at: price, position: position, into: &events)
    return events[before...].contains { $0.kind == .trade } ? price : nil
  }

  /// The next of some places whose order is still in the book.
  private func next(_ places: inout [OrderKey], _ successors: [OrderKey: OrderKey]) -> Entry? {
    while let place = places.last {
      var holder = place
      while !successors.isEmpty, let successor = successors[holder] { holder = successor }
      if let entry = entries[holder] { return entry }
      places.removeLast()
    }
    return nil
  }

  /// Whether any bid reaches any offer. Where orders stood in a book before, they seldom do.
  public var isCrossed: Bool {
    var best: (bid: Price?, ask: Price?)
    for entry in entries.values {
      let price = entry.order.price
      switch entry.order.side {
      case .buy: best.bid = best.bid.map { max($0, price) } ?? price
      case .sell: best.ask = best.ask.map { min($0, price) } ?? price
      }
    }
    guard let bid = best.bid, let ask = best.ask else { return false }
    return bid >= ask
  }

  private mutating func append(_ order: RestingOrder) {
    entries[order.order] = Entry(order: order, place: nextPlace)
    nextPlace += 1
  }
}

extension AuctionBook {
  private mutating func place(_ command: BookCommand, _ position: Int32) -> BookEvent {
    var event = BookEvent(
      kind: .rejected, side: command.side, command: position, order: command.order, price: command.price,
      quantity: command.quantity)
    guard command.isEnterable else {
      event.reason = .invalid
      return event
    }
    guard entries[command.order] == nil else {
      event.reason = .duplicateOrder
      return event
    }
    append(
      RestingOrder(
        order: command.order, instrument: instrument, account: command.account, side: command.side,
        price: command.price, leaves: command.quantity, selfTradePrevention: command.selfTradePrevention))
    event.kind = .accepted
    event.leaves = command.quantity
    return event
  }

  private mutating func cancel(_ command: BookCommand, _ position: Int32) -> BookEvent {
    guard let order = owned(command.order, by: command.account) else { return missing(command, position) }
    return end(order, .requested, position)
  }

  private mutating func reduce(_ command: BookCommand, _ position: Int32) -> BookEvent {
    guard command.quantity > .zero else {
      var event = missing(command, position)
      event.reason = .invalid
      return event
    }
    guard var order = owned(command.order, by: command.account) else { return missing(command, position) }
    guard command.quantity < order.leaves else { return end(order, .requested, position) }
    order.leaves -= command.quantity
    entries[order.order]!.order = order
    return BookEvent(
      kind: .reduced, reason: .requested, side: order.side, command: position, order: order.order, price: order.price,
      quantity: command.quantity, leaves: order.leaves)
  }

  private mutating func replace(_ command: BookCommand, _ position: Int32) -> BookEvent {
    var event = BookEvent(
      kind: .replaceRejected, side: command.side, command: position, order: command.order,
      counterpart: command.target, price: command.price, quantity: command.quantity)
    let old = owned(command.target, by: command.account)
    event.reason = refusal(of: command, old)
    guard event.reason == .none, let old else { return event }
    let place = entries[old.order]!.place
    var new = old
    new.order = command.order
    new.price = command.price
    new.leaves = command.quantity - old.filled
    new.selfTradePrevention = command.selfTradePrevention
    if command.account.rawValue != 0 { new.account = command.account }
    event.kind = .replaced
    event.leaves = new.leaves
    event.counterpartLeaves = old.leaves
    event.keepsPriority = new.price == old.price && new.leaves < old.leaves
    entries[old.order] = nil
    if event.keepsPriority { entries[new.order] = Entry(order: new, place: place) } else { append(new) }
    return event
  }

  private func refusal(of command: BookCommand, _ old: RestingOrder?) -> BookEvent.Reason {
    guard command.isEnterable else { return .invalid }
    guard let old else { return .unknownOrder }
    guard old.side == command.side else { return .invalid }
    guard entries[command.order] == nil else { return .duplicateOrder }
    return command.quantity > old.filled ? .none : .quantityNotAboveFilled
  }

  private func owned(_ key: OrderKey, by account: AccountNumber) -> RestingOrder? {
    entries[key].flatMap { account.rawValue == 0 || $0.order.account == account ? $0.order : nil }
  }

  private func missing(_ command: BookCommand, _ position: Int32) -> BookEvent {
    BookEvent(
      kind: .cancelRejected, reason: .unknownOrder, side: command.side, command: position, order: command.order)
  }

  /// Takes an order out.
  private mutating func end(
    _ order: RestingOrder, _ reason: BookEvent.Reason, counterpart: OrderKey = 0, _ position: Int32
  ) -> BookEvent {
    entries[order.order] = nil
    return BookEvent(
      kind: .canceled, reason: reason, side: order.side, command: position, order: order.order,
      counterpart: counterpart, price: order.price, quantity: order.leaves)
  }
}

extension AuctionBook {
  private mutating func settle(
    _ trade: Auction.Trade, _ price: Price, _ position: Int32, _ events: inout [BookEvent]
  ) {
    let buy = take(trade.quantity, from: trade.buy)
    let sell = take(trade.quantity, from: trade.sell)
    let (taker, maker) = buy.place > sell.place ? (buy, sell) : (sell, buy)
    events.append(
      BookEvent(
        kind: .trade, side: taker.order.side, command: position, order: taker.order.order,
        counterpart: maker.order.order, price: price, quantity: trade.quantity, leaves: taker.order.leaves,
        counterpartLeaves: maker.order.leaves))
  }

  /// Takes shares off an order, which is gone when none are left.
  private mutating func take(_ quantity: Quantity, from key: OrderKey) -> Entry {
    guard var entry = entries[key] else { preconditionFailure("order \(key) crosses but is not in the book") }
    entry.order.leaves -= quantity
    entry.order.filled += quantity
    entries[key] = entry.order.leaves > .zero ? entry : nil
    return entry
  }

  /// Keeps an owner from trading with itself: takes out one of two orders, or both.
  private mutating func preventSelfTrade(
    _ bid: Entry, _ ask: Entry, _ position: Int32, _ events: inout [BookEvent]
  ) {
    let (newer, older) = bid.place > ask.place ? (bid, ask) : (ask, bid)
    let prevention = newer.order.selfTradePrevention
    if prevention != .cancelNewest {
      events.append(end(older.order, .selfTrade, counterpart: newer.order.order, position))
    }
    if prevention != .cancelOldest {
      events.append(end(newer.order, .selfTrade, counterpart: older.order.order, position))
    }
  }

  /// Where an order stands among those of its side.
  private struct Place {
    /// The smaller, the better the price.
    let rank: Int64
    let time: Int64
    let order: OrderKey

    init(_ entry: Entry) {
      rank = entry.order.side == .buy ? -entry.order.price.rawValue : entry.order.price.rawValue
      time = entry.place
      order = entry.order.order
    }

    func precedes(_ other: Place) -> Bool { rank != other.rank ? rank < other.rank : time < other.time }
  }
}
