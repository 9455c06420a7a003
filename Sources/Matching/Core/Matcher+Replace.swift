internal import Market

/// Replacements.
extension Matcher {
  /// Puts an order in the place of another; false if it waits for room for the events of further trades.
  mutating func replace(_ command: BookCommand, _ number: Int32, _ events: inout OutputSpan<BookEvent>) -> Bool {
    let entry = orders.entry(of: command.target)
    let slot = orders.slot(at: entry)
    if let reason = refusal(of: command, slot) {
      events.append(
        BookEvent(
          kind: .replaceRejected, reason: reason, side: command.side, command: number, order: command.order,
          counterpart: command.target, price: command.price, quantity: command.quantity))
      return true
    }
    let old = orders[slot]
    let account = command.account.rawValue == 0 ? old.account : command.account
    var incoming = Incoming(command, number, ladder[old.level].side, account: account, filled: old.filled)
    let keepsPriority = incoming.mayRest && incoming.price == ladder[old.level].price && incoming.leaves < old.leaves
    events.append(
      BookEvent(
        kind: .replaced, side: command.side, keepsPriority: keepsPriority, command: number,
        order: command.order, counterpart: command.target, price: command.price, quantity: command.quantity,
        leaves: incoming.leaves, counterpartLeaves: old.leaves))
    if keepsPriority {
      ladder[old.level].total -= old.leaves - incoming.leaves
      orders[slot].leaves = incoming.leaves
      orders[slot].account = incoming.account
      orders[slot].selfTradePrevention = incoming.selfTradePrevention
      orders.rename(at: entry, to: command.order)
      return true
    }
    remove(slot, of: old.level, at: entry)
    return enter(&incoming, wholly: command.timeInForce == .fok, &events)
  }

  /// Why the order in `slot` cannot be replaced; nil when it can.
  private func refusal(of command: BookCommand, _ slot: UInt32) -> BookEvent.Reason? {
    guard command.isEnterable else { return .invalid }
    guard slot != 0, isOwned(slot, command.instrument, command.account) else { return .unknownOrder }
    let side = ladder[orders[slot].level].side
    guard side.side == command.side else { return .invalid }
    // An order may take its own place: it moves.
    guard command.order == command.target || orders.slot(at: orders.entry(of: command.order)) == 0 else {
      return .duplicateOrder
    }
    guard command.quantity > orders[slot].filled else { return .quantityNotAboveFilled }
    let crosses = ladder.bestRank(side.opposite) <= Rank(command.price, side.side).mirrored
    return crosses && command.postOnly ? .postOnlyWouldTrade : nil
  }
}
