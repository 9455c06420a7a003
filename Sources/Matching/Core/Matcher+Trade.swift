internal import Market

/// An order meets the other side.
extension Matcher {
  /// Lets an order trade and ends it: what is left rests or is cancelled. An order that must trade `wholly` or not at
  /// all does so. Without room for further events it waits in `progress`: false.
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
    guard incoming.leaves.rawValue > 0 else { return true }
    if incoming.stoppedBy != 0 {
      cancel(incoming, .selfTrade, &events)
    } else if incoming.mayRest {
      rest(incoming)
    } else {
      cancel(incoming, .notImmediatelyFillable, &events)
    }
    return true
  }

  /// Trades best price first, oldest order first, until nothing is left, no price is good enough or an order of the same
  /// account stops it; false when the room for events ended before.
  private mutating func trade(_ incoming: inout Incoming, _ events: inout OutputSpan<BookEvent>) -> Bool {
    let other = incoming.book.opposite
    while incoming.leaves.rawValue > 0, incoming.stoppedBy == 0, ladder.bestRank(other) <= incoming.limit {
      guard events.freeCapacity >= Matcher.eventsPerStep else { return false }
      let level = ladder.sides[other.position].best
      let slot = ladder[level].oldest
      if incoming.isPrevented(by: orders[slot]) {
        prevent(&incoming, slot, &events)
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
    incoming.filled += traded
    events.append(
      BookEvent(
        kind: .trade, side: incoming.side, command: incoming.command, order: incoming.key, counterpart: key,
        price: ladder[level].price, quantity: traded, leaves: incoming.leaves, counterpartLeaves: makerLeaves))
    if makerLeaves.rawValue > 0 {
      orders[slot].leaves = makerLeaves
      orders[slot].filled += traded
      ladder[level].total -= traded
    } else {
      remove(key)
    }
  }

  /// Does what the incoming order's self-trade prevention says about a resting order of the same account.
  private mutating func prevent(_ incoming: inout Incoming, _ slot: UInt32, _ events: inout OutputSpan<BookEvent>) {
    let key = orders[slot].key
    if incoming.selfTradePrevention != .cancelNewest {
      cancel(slot, at: orders.entry(of: key), .selfTrade, by: incoming.key, incoming.command, &events)
    }
    if incoming.selfTradePrevention != .cancelOldest { incoming.stoppedBy = key }
  }

  private func cancel(_ incoming: Incoming, _ reason: BookEvent.Reason, _ events: inout OutputSpan<BookEvent>) {
    events.append(
      BookEvent(
        kind: .canceled, reason: reason, side: incoming.side, command: incoming.command, order: incoming.key,
        counterpart: incoming.stoppedBy, price: incoming.price, quantity: incoming.leaves))
  }

  /// Whether trading would leave nothing of the order. Levels are counted first, orders only where enough shares stand
  /// within the price and some of them may be the account's own.
  private func isWhollyFillable(_ incoming: Incoming) -> Bool {
    guard isCovered(incoming) else { return false }
    if incoming.account.rawValue == 0 { return true }
    var missing = incoming.leaves
    var level = ladder.sides[incoming.book.opposite.position].best
    while level != 0, ladder[level].rank <= incoming.limit {
      var slot = ladder[level].oldest
      while slot != 0 {
        let node = orders[slot]
        if !incoming.isPrevented(by: node) {
          missing -= node.leaves
          if missing.rawValue <= 0 { return true }
        } else if incoming.selfTradePrevention != .cancelOldest {
          return false
        }
        slot = node.younger
      }
      level = ladder[level].worse
    }
    return false
  }

  /// Whether enough shares of anyone stand within the order's price.
  private func isCovered(_ incoming: Incoming) -> Bool {
    var missing = incoming.leaves
    var level = ladder.sides[incoming.book.opposite.position].best
    while level != 0, ladder[level].rank <= incoming.limit {
      missing -= ladder[level].total
      if missing.rawValue <= 0 { return true }
      level = ladder[level].worse
    }
    return false
  }
}
