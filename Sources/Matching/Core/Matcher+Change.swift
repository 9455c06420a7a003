internal import Market

/// Commands about orders that rest.
extension Matcher {
  @inline(__always)
  mutating func cancel(
    _ commands: Span<BookCommand>, _ index: Int, _ number: Int32, _ events: inout OutputSpan<BookEvent>
  ) {
    let key = commands[index].order
    let entry = orders.entry(of: key)
    let slot = orders.slot(at: entry)
    if slot != 0, isOwned(slot, commands[index].instrument, commands[index].account) {
      cancel(slot, at: entry, .requested, number, &events)
    } else {
      Matcher.refuse(key, .unknownOrder, number, &events)
    }
  }

  mutating func reduce(_ command: BookCommand, _ number: Int32, _ events: inout OutputSpan<BookEvent>) {
    guard command.quantity.rawValue > 0 else { return Matcher.refuse(command.order, .invalid, number, &events) }
    let entry = orders.entry(of: command.order)
    let slot = orders.slot(at: entry)
    guard slot != 0, isOwned(slot, command.instrument, command.account) else {
      return Matcher.refuse(command.order, .unknownOrder, number, &events)
    }
    guard command.quantity < orders[slot].leaves else {
      return cancel(slot, at: entry, .requested, number, &events)
    }
    let level = orders[slot].level
    orders[slot].leaves -= command.quantity
    ladder[level].total -= command.quantity
    events.append(
      BookEvent(
        kind: .reduced, reason: .requested, side: ladder[level].side.side, command: number, order: command.order,
        price: ladder[level].price, quantity: command.quantity, leaves: orders[slot].leaves))
  }

  /// Whether a slot holds an order of the instrument and, unless the account is 0, of the account.
  @inline(__always)
  func isOwned(_ slot: UInt32, _ instrument: InstrumentID, _ account: AccountNumber) -> Bool {
    ladder[orders[slot].level].instrument == instrument
      && (account.rawValue == 0 || account == orders[slot].account)
  }

  /// Takes the order in `slot`, to which `entry` leads, out of the book and tells it.
  @inline(__always)
  mutating func cancel(
    _ slot: UInt32, at entry: Int, _ reason: BookEvent.Reason, by other: OrderKey = 0, _ number: Int32,
    _ events: inout OutputSpan<BookEvent>
  ) {
    let level = orders[slot].level
    events.append(
      BookEvent(
        kind: .canceled, reason: reason, side: ladder[level].side.side, command: number, order: orders[slot].key,
        counterpart: other, price: ladder[level].price, quantity: orders[slot].leaves))
    remove(slot, of: level, at: entry)
  }

  @inline(never)
  private static func refuse(
    _ order: OrderKey, _ reason: BookEvent.Reason, _ number: Int32, _ events: inout OutputSpan<BookEvent>
  ) {
    events.append(BookEvent(kind: .cancelRejected, reason: reason, side: .buy, command: number, order: order))
  }
}
