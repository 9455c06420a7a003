internal import Accounting
internal import Market
internal import Matching

/// Commands that place, cancel or replace orders with conditions.
extension ShardEngine {
  mutating func place(_ order: PlaceOrder, _ work: inout Reaction, _ builder: inout SettlementBuilder) {
    let key = OrderKey(work.entry.sequence, leg: 0)
    if let reason = refusal(of: order) {
      builder.rejected(OpenOrder(order, sequence: work.entry.sequence), reason: reason)
      return
    }
    if !order.legs.isEmpty { enroll(order, &work, &builder) }
    if order.orderClass == .oco, !order.legs.isEmpty { return work.agenda.append(.goLive(order.id)) }
    guard let trigger = order.trigger else { return operate(BookCommand(work.entry), &work, &builder) }
    if order.legs.isEmpty {
      let conditions = OrderConditions(trigger: trigger, phase: .waiting)
      conditional.insert(key, ConditionalOrder(conditions, order.side, in: order.instrument), of: order.account)
    }
    open[key] = OpenOrder(order, sequence: work.entry.sequence)
    builder.entered(open[key]!)
    wait(key, &work, &builder)
  }

  mutating func cancel(_ cancel: CancelOrder, _ work: inout Reaction, _ builder: inout SettlementBuilder) {
    let key = cancel.targetKey
    guard let order = conditional[key], order.conditions.phase != .working, open[key]?.account == cancel.account else {
      return operate(BookCommand(work.entry), &work, &builder)
    }
    end(key, reason: BookEvent.Reason.requested.rawValue, &work, &builder)
  }

  mutating func replace(_ replace: ReplaceOrder, _ work: inout Reaction, _ builder: inout SettlementBuilder) {
    if replace.order.timeInForce == .ioc || replace.order.timeInForce == .fok, let reason = refusal(of: replace.order) {
      return rejected(replace, work.entry.sequence, reason: reason, &builder)
    }
    let key = replace.targetKey
    guard let terms = conditional[key], let old = open[key], old.account == replace.order.account else {
      return replaceInBook(replace, &work, &builder)
    }
    var new = OpenOrder(replace.order, sequence: work.entry.sequence)
    new.inherit(from: old)
    guard new.side == old.side, isCovered(new, by: replace, terms) else {
      return rejected(replace, work.entry.sequence, reason: BookEvent.Reason.invalid.rawValue, &builder)
    }
    guard terms.conditions.phase != .working else { return replaceInBook(replace, &work, &builder) }
    let newKey = OrderKey(work.entry.sequence, leg: 0)
    builder.replaced(
      old: old, new: new, extraHold: replace.extraHold, isHeld: terms.conditions.phase == .held)
    open[key] = nil
    open[newKey] = new
    succeeded(key, by: newKey, &work, &builder)
    if terms.conditions.phase == .waiting { wait(newKey, &work, &builder) }
  }

  private mutating func replaceInBook(
    _ replace: ReplaceOrder, _ work: inout Reaction, _ builder: inout SettlementBuilder
  ) {
    var command = BookCommand(work.entry)
    if let old = open[replace.targetKey], old.isExit { command.quantity = old.quantity }
    operate(command, &work, &builder)
    // A stop that has fired since its replacement was accepted lies in the book, and so does the new order.
    if let new = open[command.order], replace.order.trigger != nil, conditional[command.order] == nil {
      builder.changed(
        .init(
          account: new.account, id: new.id, phase: .working, activation: new.activation,
          trigger: replace.order.trigger, quantity: new.quantity, isExit: new.isExit))
    }
  }

  /// Whether the exits of a class hold enough for a replacement of one of them, with what was taken for it: the other may
  /// have ended since.
  private func isCovered(_ new: OpenOrder, by replace: ReplaceOrder, _ terms: ConditionalOrder) -> Bool {
    guard new.isExit, new.side == .buy, let group = terms.conditions.group.flatMap({ conditional.groups[$0] }) else {
      return true
    }
    let others = group.exits.filter { $0 != replace.targetKey }.compactMap { open[$0]?.price }
    let required = Hold.ofExits(.buy, prices: others + [new.price], leaves: new.leaves)
    return required <= group.hold + replace.extraHold
  }

  /// One order has taken another's place: it has the same conditions, but for what its command says of the trigger.
  mutating func succeeded(
    _ old: OrderKey, by new: OrderKey, _ work: inout Reaction, _ builder: inout SettlementBuilder
  ) {
    guard let terms = conditional[old], case .replace(let replace) = work.entry.command, let order = open[new] else {
      return
    }
    var conditions = terms.conditions
    conditions.leg = 0
    conditions.activation = order.activation
    if var trigger = replace.order.trigger {
      // The best price so far is the market's, not the client's.
      if var trail = trigger.trail, let known = terms.conditions.trigger?.trail {
        trail.mark = known.mark
        trigger = Trigger(trail, terms.side)
      }
      conditions.trigger = trigger
    }
    conditional.remove(old)
    conditional.insert(new, ConditionalOrder(conditions, order.side, in: order.instrument), of: order.account)
    if let group = conditions.group { work.touch(group) }
    note(new, &builder)
  }

  /// Ends an order for a reason other than its account's wish or the market's; then its class ends with it.
  mutating func end(
    _ key: OrderKey, reason: UInt8, _ work: inout Reaction, _ builder: inout SettlementBuilder
  ) {
    guard let terms = conditional[key], let order = open[key] else { return }
    guard terms.conditions.phase != .working else {
      return operate(.cancel(key, in: terms.instrument), reason: reason, &work, &builder)
    }
    if work.isExpiring { builder.expired(order, reason: reason) } else { builder.canceled(order, reason: reason) }
    open[key] = nil
    ended(key, &work, &builder)
  }
}
