internal import Market

/// Replacements.
extension Matcher {
  mutating func replace(
    _ command: BookCommand, _ position: Int32, _ progress: inout Progress, _ events: inout OutputSpan<BookEvent>
  ) {
    let entry = orders.entry(of: command.target)
    let slot = orders.slot(at: entry)
    if let reason = refusal(of: command, slot) { return refuseReplacement(command, reason, position, &events) }
    let old = orders[slot]
    var incoming = Incoming(command, at: position, book: ladder[old.level].side)
    incoming.filled = old.filled
    incoming.leaves -= old.filled
    if command.account.rawValue == 0 { incoming.account = old.account }
    let keepsPriority = incoming.mayRest && incoming.price == ladder[old.level].price && incoming.leaves < old.leaves
    events.append(
      BookEvent(
        kind: .replaced, side: command.side, keepsPriority: keepsPriority, command: position, order: command.order,
        counterpart: command.target, price: command.price, quantity: command.quantity, leaves: incoming.leaves,
        counterpartLeaves: old.leaves))
    if keepsPriority {
      ladder[old.level].total -= old.leaves - incoming.leaves
      orders[slot].leaves = incoming.leaves
      orders[slot].account = incoming.account
      orders[slot].selfTradePrevention = incoming.selfTradePrevention
      orders.rename(at: entry, to: command.order)
    } else {
      remove(at: entry)
      enter(incoming, wholly: command.timeInForce == .fok, &progress, &events)
    }
  }

  /// Why the order in `slot` cannot be replaced; nil when it can.
  private func refusal(of command: BookCommand, _ slot: UInt32) -> BookEvent.Reason? {
    guard command.isEnterable else { return .invalid }
    guard isOwned(slot, command) else { return .unknownOrder }
    let side = ladder[orders[slot].level].side
    guard side.side == command.side else { return .invalid }
    guard orders.slot(at: orders.entry(of: command.order)) == 0 else { return .duplicateOrder }
    guard command.quantity > orders[slot].filled else { return .quantityNotAboveFilled }
    let crosses = ladder.bestRank(side.opposite) <= Rank(command.price, command.side.opposite)
    return crosses && command.postOnly ? .postOnlyWouldTrade : nil
  }

  private func refuseReplacement(
    _ command: BookCommand, _ reason: BookEvent.Reason, _ position: Int32, _ events: inout OutputSpan<BookEvent>
  ) {
    events.append(
      BookEvent(
        kind: .replaceRejected, reason: reason, side: command.side, command: position, order: command.order,
        counterpart: command.target, price: command.price, quantity: command.quantity))
  }
}
