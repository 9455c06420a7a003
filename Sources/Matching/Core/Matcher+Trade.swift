internal import Market

/// An order meets the other side.
extension Matcher {
  /// Lets an order trade and ends it: what is left rests or is canceled. An order that must trade `wholly` or not at
  /// all does so. Without room for further events it waits in `progress`: false.
  @inline(__always)
  mutating func enter(
    _ incoming: inout Incoming, wholly: Bool = false, _ events: inout OutputSpan<BookEvent>
  ) -> Bool {
    if wholly, !isWhollyFillable(incoming) {
      cancel(incoming, .notWhollyFillable, &events)
      return true
    }
    guard trade(&incoming, &events) else {
      progress.waiting = incoming
      return false
    }
    if incoming.leaves.rawValue > 0 { end(incoming, &events) }
    return true
  }

  /// Lets what is left of an order rest, or cancels it.
  @inline(never)
  private mutating func end(_ incoming: Incoming, _ events: inout OutputSpan<BookEvent>) {
    if incoming.stoppedBy != 0 {
      cancel(incoming, .selfTrade, &events)
    } else if incoming.mayRest {
      rest(incoming)
    } else {
      cancel(incoming, .notImmediatelyFillable, &events)
    }
  }

  /// Trades best price first, oldest order first, until nothing is left, no price is good enough or an order of the same
  /// account stops it; false when the room for events ended before.
  @inline(__always)
  private mutating func trade(_ incoming: inout Incoming, _ events: inout OutputSpan<BookEvent>) -> Bool {
    let other = incoming.side.opposite
    while incoming.leaves.rawValue > 0, ladder.bestRank(other) <= incoming.limit {
      guard events.freeCapacity >= Matcher.eventsPerStep else { return false }
      let level = ladder.sides[other.position].best
      let slot = ladder[level].oldest
      if incoming.isPrevented(orders[slot].account) {
        prevent(&incoming, slot, &events)
        if incoming.stoppedBy != 0 { break }
      } else {
        trade(&incoming, slot, level, &events)
      }
    }
    return true
  }

  @inline(__always)
  private mutating func trade(
    _ incoming: inout Incoming, _ slot: UInt32, _ level: UInt32, _ events: inout OutputSpan<BookEvent>
  ) {
    let key = orders[slot].key
    let traded = min(incoming.leaves, orders[slot].leaves)
    let makerLeaves = orders[slot].leaves - traded
    incoming.leaves -= traded
    events.append(
      BookEvent(
        kind: .trade, side: incoming.side.side, command: incoming.command, order: incoming.key, counterpart: key,
        price: ladder[level].price, quantity: traded, leaves: incoming.leaves, counterpartLeaves: makerLeaves))
    if makerLeaves.rawValue > 0 {
      orders[slot].leaves = makerLeaves
      orders[slot].filled += traded
      ladder[level].total -= traded
    } else {
      remove(slot, of: level, at: orders.entry(of: key))
    }
  }

  /// Does what the incoming order's self-trade prevention says about a resting order of the same account.
  @inline(never)
  private mutating func prevent(_ incoming: inout Incoming, _ slot: UInt32, _ events: inout OutputSpan<BookEvent>) {
    let key = orders[slot].key
    if incoming.selfTradePrevention != .cancelNewest {
      cancel(slot, at: orders.entry(of: key), .selfTrade, by: incoming.key, incoming.command, &events)
    }
    if incoming.selfTradePrevention != .cancelOldest { incoming.stoppedBy = key }
  }

  @inline(never)
  private func cancel(_ incoming: Incoming, _ reason: BookEvent.Reason, _ events: inout OutputSpan<BookEvent>) {
    events.append(
      BookEvent(
        kind: .canceled, reason: reason, side: incoming.side.side, command: incoming.command, order: incoming.key,
        counterpart: incoming.stoppedBy, price: incoming.price, quantity: incoming.leaves))
  }

  /// Whether trading would leave nothing of the order. Levels are counted first, orders only where enough shares stand
  /// within the price and some of them may be the account's own.
  @inline(never)
  private func isWhollyFillable(_ incoming: Incoming) -> Bool {
    guard isCovered(incoming) else { return false }
    if incoming.account.rawValue == 0 { return true }
    var missing = incoming.leaves
    var level = ladder.sides[incoming.side.opposite.position].best
    while level != 0, ladder[level].rank <= incoming.limit {
      var slot = ladder[level].oldest
      while slot != 0 {
        if !incoming.isPrevented(orders[slot].account) {
          missing -= orders[slot].leaves
          if missing.rawValue <= 0 { return true }
        } else if incoming.selfTradePrevention != .cancelOldest {
          return false
        }
        slot = orders[slot].younger
      }
      level = ladder[level].worse
    }
    return false
  }

  /// Whether enough shares of anyone stand within the order's price.
  private func isCovered(_ incoming: Incoming) -> Bool {
    var missing = incoming.leaves
    var level = ladder.sides[incoming.side.opposite.position].best
    while level != 0, ladder[level].rank <= incoming.limit {
      missing -= ladder[level].total
      if missing.rawValue <= 0 { return true }
      level = ladder[level].worse
    }
    return false
  }
}
