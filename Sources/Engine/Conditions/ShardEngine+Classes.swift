internal import Accounting
internal import Market
internal import Matching

/// Classes of orders: an entry and its exits, or two exits of which one cancels the other.
///
/// Exits wait until the entry is completely filled, and then go live: the take-profit enters the book, the stop-loss waits
/// for its stop. While the take-profit trades, the stop-loss loses the same number of shares. When one of the class ends in
/// any other way than being filled, whatever is open of the class is canceled; so is the other exit when one is filled, or
/// when the stop-loss fires.
extension ShardEngine {
  /// Takes in an order with legs: the legs are held, the order itself is about to be placed.
  mutating func enroll(_ order: PlaceOrder, _ work: inout Reaction, _ builder: inout SettlementBuilder) {
    let sequence = work.entry.sequence
    let isExit = order.orderClass == .oco
    let phase: OrderPhase = isExit ? .held : order.trigger == nil ? .working : .waiting
    let conditions = OrderConditions(
      trigger: order.trigger, orderClass: order.orderClass, role: isExit ? .takeProfit : .main, group: order.id,
      phase: phase)
    let key = OrderKey(sequence, leg: 0)
    conditional.insert(key, ConditionalOrder(conditions, order.side, in: order.instrument), of: order.account)
    if isExit {
      open[key] = OpenOrder(order, sequence: sequence)
    }
    for leg in order.legs {
      let key = OrderKey(sequence, leg: leg.number)
      let conditions = OrderConditions(
        trigger: leg.terms.trigger, orderClass: order.orderClass, role: leg.terms.role, group: order.id,
        leg: leg.number, isLeg: true, phase: .held)
      conditional.insert(
        key, ConditionalOrder(conditions, order.sideOfLegs, in: order.instrument), of: order.account)
      open[key] = OpenOrder(leg, of: order, sequence: sequence)
      if !isExit { builder.held(open[key]!) }
    }
    conditional.groups[order.id]!.hold = Hold.ofExits(order)
    work.touch(order.id)
  }

  /// Rejects the legs of an order that an operator has refused; nothing of it is known to the books.
  func refuseLegs(_ order: PlaceOrder, _ sequence: Sequence, _ builder: inout SettlementBuilder) {
    for leg in order.legs {
      builder.rejected(OpenOrder(leg, of: order, sequence: sequence), reason: OrderEvent.refusedByOperator)
    }
    builder.holdMoved(order.account, order.sideOfLegs, order.instrument, by: -Hold.ofExits(order))
  }

  /// Lets the exits of a class trade.
  mutating func goLive(_ group: OrderID, _ work: inout Reaction, _ builder: inout SettlementBuilder) {
    guard let exits = conditional.groups[group]?.exits.filter({ conditional[$0]?.conditions.phase == .held }) else {
      return
    }
    for key in exits { builder.wentLive(open[key]!) }
    for key in exits where conditional[key]?.conditions.trigger != nil {
      conditional.change(key) { $0.phase = .waiting }
      note(key, &builder)
      wait(key, &work, &builder)
    }
    // A stop-loss that has been reached already fires now and ends the take-profit.
    if case .fire(let key)? = work.agenda.last, exits.contains(key) {
      work.agenda.removeLast()
      return fire(key, &work, &builder)
    }
    for key in exits where conditional[key]?.conditions.phase == .held {
      enter(key, &work, &builder)
    }
  }

  /// Reacts to an execution of an order.
  mutating func executed(
    _ key: OrderKey, _ quantity: Quantity, _ work: inout Reaction, _ builder: inout SettlementBuilder
  ) {
    guard let terms = conditional[key], let group = terms.conditions.group else { return }
    work.touch(group)
    let isFilled = open[key] == nil
    if isFilled { conditional.remove(key) }
    guard terms.conditions.role.isExit else {
      if isFilled { work.agenda.append(.goLive(group)) }
      return
    }
    for other in conditional.groups[group]!.exits where other != key {
      if isFilled {
        end(other, reason: OrderEvent.otherEnded, &work, &builder)
      } else {
        open[other]!.quantity -= quantity
        builder.reduced(open[other]!, by: quantity, reason: OrderEvent.otherEnded)
        note(other, &builder)
      }
    }
  }

  /// Reacts to the end of an order that was not filled: what is open of its class ends too.
  mutating func ended(_ key: OrderKey, _ work: inout Reaction, _ builder: inout SettlementBuilder) {
    guard let terms = conditional[key] else { return }
    conditional.remove(key)
    guard let group = terms.conditions.group, let rest = conditional.groups[group] else { return }
    work.touch(group)
    // The first of a class that ends takes the others with it; they take nobody.
    guard !work.isEndingClass else { return }
    work.isEndingClass = true
    let reason = terms.conditions.role.isExit ? OrderEvent.otherEnded : OrderEvent.entryEnded
    for other in rest.exits + [rest.entry].compactMap({ $0 }) { end(other, reason: reason, &work, &builder) }
    work.isEndingClass = false
  }

  // MARK: Holds

  /// What the open exits of a class have to hold together now.
  ///
  /// Exits that sell what an open entry buys hold what it has bought so far; all others the dearest of what they may trade.
  func exitHold(of group: OrderID) -> Int64 {
    guard let members = conditional.groups[group] else { return 0 }
    let exits = members.exits.compactMap { open[$0] }
    guard let leaves = exits.map(\.leaves).max() else { return 0 }
    let areHeld = members.exits.contains { conditional[$0]?.conditions.phase == .held }
    if areHeld, members.exitSide == .sell {
      return members.entry.flatMap { open[$0]?.filled.rawValue } ?? 0
    }
    return Hold.ofExits(members.exitSide, prices: exits.map(\.price), leaves: leaves)
  }

  /// Settles the difference between what a class holds and what it has to hold.
  mutating func moveHold(of group: OrderID, _ builder: inout SettlementBuilder) {
    guard let members = conditional.groups[group] else { return }
    let hold = exitHold(of: group)
    builder.holdMoved(members.account, members.exitSide, members.instrument, by: hold - members.hold)
    if members.exits.isEmpty, members.entry == nil {
      conditional.groups[group] = nil
    } else {
      conditional.groups[group]!.hold = hold
    }
  }
}
