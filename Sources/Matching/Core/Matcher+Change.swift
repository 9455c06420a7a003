internal import Market

/// Commands about orders that rest.
extension Matcher {
  mutating func cancel(_ command: BookCommand, _ position: Int32, _ events: inout OutputSpan<BookEvent>) {
    let entry = orders.entry(of: command.order)
    guard isOwned(orders.slot(at: entry), command) else {
      return refuse(command, .unknownOrder, position, &events)
    }
    cancel(at: entry, .requested, position, &events)
  }

  mutating func reduce(_ command: BookCommand, _ position: Int32, _ events: inout OutputSpan<BookEvent>) {
    guard command.quantity > .zero else { return refuse(command, .invalid, position, &events) }
    let entry = orders.entry(of: command.order)
    let slot = orders.slot(at: entry)
    guard isOwned(slot, command) else { return refuse(command, .unknownOrder, position, &events) }
    guard command.quantity < orders[slot].leaves else { return cancel(at: entry, .requested, position, &events) }
    let level = orders[slot].level
    orders[slot].leaves -= command.quantity
    ladder[level].total -= command.quantity
    events.append(
      BookEvent(
        kind: .reduced, reason: .requested, side: ladder[level].side.side, command: position, order: command.order,
        price: ladder[level].price, quantity: command.quantity, leaves: orders[slot].leaves))
  }

  /// Whether a slot holds an order of the command's instrument and account.
  @inline(__always)
  func isOwned(_ slot: UInt32, _ command: BookCommand) -> Bool {
    guard slot != 0 else { return false }
    let node = orders[slot]
    return ladder[node.level].instrument == command.instrument
      && (command.account.rawValue == 0 || command.account == node.account)
  }

  /// Takes the order that `entry` leads to out of the book and tells it.
  @inline(__always)
  mutating func cancel(
    at entry: Int, _ reason: BookEvent.Reason, by other: OrderKey = 0, _ position: Int32,
    _ events: inout OutputSpan<BookEvent>
  ) {
    let node = orders[orders.slot(at: entry)]
    let rank = ladder[node.level].rank
    let side = ladder[node.level].side.side
    remove(at: entry)
    events.append(
      BookEvent(
        kind: .canceled, reason: reason, side: side, command: position, order: node.key, counterpart: other,
        price: rank.price(side), quantity: node.leaves))
  }

  private func refuse(
    _ command: BookCommand, _ reason: BookEvent.Reason, _ position: Int32, _ events: inout OutputSpan<BookEvent>
  ) {
    events.append(
      BookEvent(kind: .cancelRejected, reason: reason, side: .buy, command: position, order: command.order))
  }
}
