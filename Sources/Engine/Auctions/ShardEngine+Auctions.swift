internal import Accounting
internal import Market
internal import Matching

/// Auctions in parts: what one command does is bounded, however many orders cross.
///
/// The command that begins an auction fixes its price; it and the parts that follow it in the log cross the orders that were
/// placed before it, best price first, then oldest first, at that price. Until the last part nothing else trades in the
/// instrument: orders that come meanwhile stand aside, and what is canceled takes no further part. Then what was for the
/// auction only ends, and trading begins, or the day is over.
///
/// A part that finds no auction does nothing, and so does each part that comes behind the last. Where they stand among other
/// commands changes no trade of the auction; who takes over between two of them goes on with the same orders.
extension ShardEngine {
  /// Carries out a part.
  mutating func cross(_ part: AuctionPart, _ work: inout Reaction, _ builder: inout SettlementBuilder) {
    guard auctions[part.instrument] != nil else { return }
    carryOn(part.instrument, limit: part.limit, &work, &builder)
  }

  /// Carries an auction on until the limit is reached, its round is over or it is over itself.
  /// - Parameter limit: Trades that are made and orders that are ended at most; 0 for any number.
  mutating func carryOn(
    _ instrument: InstrumentID, limit: Int16, _ work: inout Reaction, _ builder: inout SettlementBuilder
  ) {
    var room = limit > 0 ? Int64(limit) : .max
    if auctions[instrument]!.stage == .pricing { fixPrice(instrument, work, &builder) }
    if auctions[instrument]!.stage == .crossing, !cross(instrument, &room, &work, &builder) {
      return note(instrument, &builder)
    }
    if auctions[instrument]!.stage != .clearing, beginsAnotherRound(instrument) {
      // It begins with the next part: stops that this one has reached enter before its price is fixed.
      followLastPrice(instrument, &work, &builder)
      return note(instrument, &builder)
    }
    auctions[instrument]!.stage = .clearing
    guard clear(instrument, &room, &work, &builder) else { return note(instrument, &builder) }
    guard !beginsAnotherRound(instrument) else {
      followLastPrice(instrument, &work, &builder)
      return note(instrument, &builder)
    }
    end(instrument, &work, &builder)
  }

  private func note(_ instrument: InstrumentID, _ builder: inout SettlementBuilder) {
    builder.auctionMoved(instrument, to: auctions[instrument])
  }

  // MARK: The price

  /// Fixes the price of a round; without one, nothing crosses.
  private mutating func fixPrice(
    _ instrument: InstrumentID, _ work: Reaction, _ builder: inout SettlementBuilder
  ) {
    var auction = auctions[instrument]!
    // A closing auction is for the orders that saw its close; any other is for all that are there.
    if !auction.isClosing { auction.before = work.entry.sequence }
    let phase = phases[instrument] ?? InstrumentPhase()
    let isHeld = !phase.isHalted && (auction.isClosing || phase.isContinuous)
    let reference = builder.lastPrice(of: instrument) ?? lastPrices[instrument] ?? auction.reference
    let price: Price?
    if !isHeld {
      price = nil
    } else if auction.before == work.entry.sequence {
      price = auctionBooks[instrument]!.price(reference: reference)
    } else {
      price = auctionBooks[instrument]!.price(reference: reference, where: takesPart(auction))
    }
    auction.price = price
    if price != nil { auction.stage = .crossing }
    auctions[instrument] = auction
    guard let price else { return }
    crossings[instrument] =
      auction.before == work.entry.sequence
      ? auctionBooks[instrument]!.queue(at: price)
      : auctionBooks[instrument]!.queue(at: price, where: takesPart(auction))
  }

  /// Whether an order was placed before an auction. What an auction itself has brought into the book was not.
  private func takesPart(_ auction: AuctionExecution) -> (OrderKey) -> Bool {
    { [open] key in open[key].map { $0.priority < auction.before } ?? false }
  }

  // MARK: The cross

  /// Crosses orders at the price of the round.
  /// - Returns: Whether nothing crosses at it any more.
  private mutating func cross(
    _ instrument: InstrumentID, _ room: inout Int64, _ work: inout Reaction, _ builder: inout SettlementBuilder
  ) -> Bool {
    guard let price = auctions[instrument]!.price else { return true }
    // Out of the table while it changes, so that it is not copied.
    var queue =
      crossings.removeValue(forKey: instrument)
      ?? auctionBooks[instrument]!.queue(at: price, where: takesPart(auctions[instrument]!))
    var events: [BookEvent] = []
    let (pairs, isMore) = auctionBooks[instrument]!.cross(&queue, at: price, limit: room, into: &events)
    room -= pairs
    auctions[instrument]!.left = Int64(queue.count)
    if isMore { crossings[instrument] = queue }
    digest(events, &work, &builder)
    let traded = events.reduce(Int64(0)) { $1.kind == .trade ? $0 + $1.quantity.rawValue : $0 }
    if traded > 0 {
      builder.auctioned(
        instrument, on: phases[instrument]?.point?.day, isClosing: auctions[instrument]!.isClosing, price: price,
        quantity: Quantity(rawValue: traded))
      moveReference(instrument, to: price, &builder)
    }
    if !isMore { auctions[instrument]!.price = nil }
    return !isMore
  }

  /// An auction that opens or reopens trading moves the reference price of the band to its own.
  private mutating func moveReference(
    _ instrument: InstrumentID, to price: Price, _ builder: inout SettlementBuilder
  ) {
    guard let phase = phases[instrument], phase.isContinuous, let band = phase.band, band.reference != price else {
      return
    }
    phases[instrument]!.band!.reference = price
    builder.phaseChanged(instrument, phases[instrument]!)
  }

  /// Whether there may be something to cross at another price: a close has come meanwhile, the next day has begun, or
  /// orders that came, or that cancels have left, cross.
  private mutating func beginsAnotherRound(_ instrument: InstrumentID) -> Bool {
    var auction = auctions[instrument]!
    // The orders for its close come first.
    if auction.isClosing, auction.stage != .clearing { return false }
    if let close = auction.nextClose {
      (auction.isClosing, auction.before, auction.nextClose) = (true, close, nil)
      takeOnCloseOrders(of: instrument, before: close)
    } else if phases[instrument]?.isContinuous ?? true, auction.isClosing || auctionBooks[instrument]!.isCrossed {
      auction.isClosing = false
    } else {
      return false
    }
    (auction.stage, auction.price, auction.left) = (.pricing, nil, 1)
    auctions[instrument] = auction
    (crossings[instrument], clearings[instrument]) = (nil, nil)
    return true
  }

  /// Takes orders for a close that were placed before it to the others that cross then.
  private mutating func takeOnCloseOrders(of instrument: InstrumentID, before close: Sequence) {
    guard let orders = onCloseOrders[instrument]?.orders else { return }
    let taken = orders.filter { resting($0.order).priority < close }
    guard !taken.isEmpty else { return }
    let left = orders.filter { resting($0.order).priority >= close }
    onCloseOrders[instrument] = left.isEmpty ? nil : collected(instrument, left)
    auctionBooks[instrument] = collected(instrument, byTime(auctionBooks[instrument]!.orders + taken))
  }

  /// A book of orders that stood in one before, in their order of time.
  func collected(_ instrument: InstrumentID, _ orders: [RestingOrder]) -> AuctionBook {
    do throws(RestoreRefusal) {
      return try AuctionBook(instrument: instrument, orders: orders)
    } catch {
      preconditionFailure("shard \(shard): orders that stood in a book cannot be collected: \(error)")
    }
  }

  // MARK: The end

  /// Ends what was for the auctions only: at a close all that wanted one, at an opening what is for it alone, and market
  /// orders, of which what is left ends as it does in the book.
  /// - Returns: Whether nothing of the kind is left.
  private mutating func clear(
    _ instrument: InstrumentID, _ room: inout Int64, _ work: inout Reaction, _ builder: inout SettlementBuilder
  ) -> Bool {
    while true {
      var keys = clearings.removeValue(forKey: instrument) ?? clearing(instrument)
      guard !keys.isEmpty else { return true }
      while room > 0, let key = keys.popLast() {
        // It may have ended since, by a cancel or with its class.
        guard open[key] != nil else { continue }
        expire(key, reason: OrderEvent.auctionOver, &work, &builder)
        room -= 1
      }
      // Only what is there decides whether there is another part: whoever takes over does not know what has ended since.
      while let key = keys.last, open[key] == nil { keys.removeLast() }
      auctions[instrument]!.left = Int64(keys.count)
      guard keys.isEmpty else {
        clearings[instrument] = keys
        return false
      }
    }
  }

  /// What ends with the auction, the first at the end.
  private func clearing(_ instrument: InstrumentID) -> [OrderKey] {
    let auction = auctions[instrument]!
    if auction.isClosing {
      return openKeys(of: instrument) { _, order in
        order.timeInForce.isForAuction && order.priority < auction.before
      }.reversed()
    }
    guard phases[instrument]?.isContinuous ?? true else { return [] }
    return auctionBooks[instrument]!.orders.lazy.map(\.order).filter { endsAtOpening(resting($0)) }.reversed()
  }

  private func endsAtOpening(_ order: OpenOrder) -> Bool { order.type == .market || order.timeInForce == .opg }

  /// Ends an auction. If the instrument trades, what it has left goes back to the book.
  private mutating func end(
    _ instrument: InstrumentID, _ work: inout Reaction, _ builder: inout SettlementBuilder
  ) {
    auctions[instrument] = nil
    builder.auctionMoved(instrument, to: nil)
    if phases[instrument]?.isContinuous ?? true {
      bands[instrument] = phases[instrument]?.band?.band
      let orders = auctionBooks.removeValue(forKey: instrument)!.orders
      do throws(RestoreRefusal) {
        for order in orders { try restore(order, of: resting(order.order)) }
      } catch {
        preconditionFailure("shard \(shard): what an auction has left cannot stand in the book: \(error)")
      }
    }
    followLastPrice(instrument, &work, &builder)
  }

  // MARK: Orders that come meanwhile

  /// Follows a replacement among the orders of an auction.
  mutating func follow(replacement event: BookEvent, in instrument: InstrumentID, _ timeInForce: TimeInForce) {
    guard let auction = auctions[instrument], event.kind == .replaced else { return }
    if event.keepsPriority {
      crossings[instrument]?.replaced(event.counterpart, by: event.order)
      // What ends with the auction ends in the order of time, and this one has the old one's.
      if let old = open[event.counterpart], old.type == .market || old.timeInForce.isForAuction {
        clearings[instrument] = nil
      }
    } else if auction.isClosing, timeInForce == .cls, let order = auctionBooks[instrument]!.find(event.order) {
      // It has lost its place in this closing auction, and waits for the next.
      var unseen: [BookEvent] = []
      auctionBooks[instrument]!.apply(.cancel(order.order, in: instrument), at: 0, into: &unseen)
      let waiting = onCloseOrders[instrument]?.orders ?? []
      onCloseOrders[instrument] = collected(instrument, waiting + [order])
    }
  }
}
