internal import Market

/// New orders.
extension Matcher {
  /// Takes a new order in; false if it is accepted and now has to be entered, because it may trade or may not rest.
  ///
  /// Fields of the command are read where they are used: read all at once, they would crowd out everything else.
  @inline(__always)
  mutating func place(
    _ commands: Span<BookCommand>, _ index: Int, _ number: Int32, _ side: SideIndex,
    _ events: inout OutputSpan<BookEvent>
  ) -> Bool {
    guard commands[index].isEnterable else { return Matcher.reject(commands[index], .invalid, number, &events) }
    let key = commands[index].order
    let entry = orders.entry(of: key)
    guard orders.slot(at: entry) == 0 else {
      return Matcher.reject(commands[index], .duplicateOrder, number, &events)
    }
    let rank = Rank(commands[index].price, side.side)
    let crosses = ladder.bestRank(side.opposite) <= rank.mirrored
    if crosses, commands[index].postOnly {
      return Matcher.reject(commands[index], .postOnlyWouldTrade, number, &events)
    }
    let quantity = commands[index].quantity
    events.append(
      BookEvent(
        kind: .accepted, side: side.side, command: number, order: key, price: commands[index].price,
        quantity: quantity, leaves: quantity))
    if crosses || !commands[index].mayRest { return false }
    let level = ladder.level(rank, side, commands[index].instrument)
    let node = OrderNode(
      key: key, account: commands[index].account, leaves: quantity, filled: Quantity(rawValue: 0),
      older: ladder[level].youngest, younger: 0, level: level,
      selfTradePrevention: commands[index].selfTradePrevention)
    append(node, at: entry)
    return true
  }

  /// Lets a new order trade and ends it; false if it waits.
  @inline(never)
  mutating func enter(
    _ commands: Span<BookCommand>, _ index: Int, _ number: Int32, _ side: SideIndex,
    _ events: inout OutputSpan<BookEvent>
  ) -> Bool {
    var incoming = Incoming(commands[index], number, side, account: commands[index].account)
    return enter(&incoming, wholly: commands[index].timeInForce == .fok, &events)
  }

  @inline(never)
  private static func reject(
    _ command: borrowing BookCommand, _ reason: BookEvent.Reason, _ number: Int32,
    _ events: inout OutputSpan<BookEvent>
  ) -> Bool {
    events.append(
      BookEvent(
        kind: .rejected, reason: reason, side: command.side, command: number, order: command.order,
        price: command.price, quantity: command.quantity))
    return true
  }

  /// Puts what is left of an order at the back of its level.
  mutating func rest(_ incoming: Incoming) {
    let level = ladder.level(incoming.limit.mirrored, incoming.side, incoming.instrument)
    let node = OrderNode(
      key: incoming.key, account: incoming.account, leaves: incoming.leaves,
      filled: incoming.quantity - incoming.leaves,
      older: ladder[level].youngest, younger: 0, level: level, selfTradePrevention: incoming.selfTradePrevention)
    append(node, at: orders.entry(of: incoming.key))
  }

  /// Puts an order at the back of its level; `entry` is where its key belongs.
  @inline(__always)
  private mutating func append(_ node: OrderNode, at entry: Int) {
    let slot = orders.take(at: entry)
    orders[slot] = node
    if node.older == 0 { ladder[node.level].oldest = slot } else { orders[node.older].younger = slot }
    ladder[node.level].youngest = slot
    ladder[node.level].total += node.leaves
  }

  /// Takes an order out of the book.
  mutating func remove(_ key: OrderKey) {
    let entry = orders.entry(of: key)
    let slot = orders.slot(at: entry)
    remove(slot, of: orders[slot].level, at: entry)
  }

  /// Takes the order in `slot` of `level`, to which `entry` leads, out of the book.
  @inline(__always)
  mutating func remove(_ slot: UInt32, of level: UInt32, at entry: Int) {
    let (older, younger) = (orders[slot].older, orders[slot].younger)
    ladder[level].total -= orders[slot].leaves
    orders.free(slot, at: entry)
    if older == 0 { ladder[level].oldest = younger } else { orders[older].younger = younger }
    if younger == 0 { ladder[level].youngest = older } else { orders[younger].older = older }
    if older | younger == 0 { ladder.close(level) }
  }
}
