import Accounting
import Market

/// What must hold of waiting orders and of classes, by rules that look at the history instead of keeping a book.
extension ModelExchange {
  /// Names what a class holds.
  struct ExitName: Hashable {
    var account: AccountNumber
    var instrument: InstrumentID
    var side: Side
    var group: OrderID
  }

  /// What the open exits of each class have to hold.
  func exitHolds(except replacements: Set<OrderID>) -> [ExitName: Int64] {
    let open = orders.values.filter { $0.status.isOpen && !replacements.contains($0.id) }
    var holds: [ExitName: Int64] = [:]
    for exit in open where exit.isExit {
      let group = exit.conditions!.group!
      let name = ExitName(account: exit.account, instrument: exit.instrument, side: exit.side, group: group)
      let entry = open.first { $0.conditions?.group == group && !$0.isExit }
      let hold: Int64
      if exit.side == .sell, exit.phase == .held, let entry {
        hold = entry.filled.rawValue
      } else {
        hold = Hold.amount(exit.side, price: exit.price, leaves: exit.leaves)
      }
      holds[name] = max(holds[name] ?? 0, hold)
    }
    return holds
  }

  /// What is wrong with waiting orders and classes.
  func conditionFaults() -> [String] {
    triggerFaults() + classFaults()
  }

  private var settledOpen: [OrderRecord] {
    orders.values.filter { $0.status.isOpen && $0.sequence <= processed && !quarantined.contains($0.sequence) }
  }

  /// A waiting order has never seen a trade at its stop, and its stop is where the trades have moved it; but for those of
  /// an auction that is not over.
  private func triggerFaults() -> [String] {
    var faults: [String] = []
    for order in settledOpen where order.phase == .waiting && auctions[order.instrument] == nil {
      guard let trigger = order.trigger, let entered = events.last(where: { $0.order == order.id && $0.kind == .new })
      else {
        faults.append("\(order.id) waits for nothing")
        continue
      }
      func isBefore(_ trade: Trade) -> Bool {
        (trade.sequence, trade.ordinal) < (entered.sequence, entered.ordinal)
      }
      let all = trades.filter { $0.instrument == order.instrument }
      let known = cameDuringAuctions.contains(order.id) ? nil : all.last(where: isBefore)
      let seen = (known.map { [$0.price] } ?? []) + all.filter { !isBefore($0) }.map(\.price)
      var naive = trigger
      if let trail = trigger.trail {
        let (best, mark) = (order.side == .sell ? seen.max() : seen.min(), trail.mark)
        if let best, order.side == .sell ? best > mark : best < mark { faults.append("\(order.id) did not follow") }
        if trail.stop(order.side) != trigger.stop { faults.append("\(order.id) stops at \(trigger.stop)") }
      }
      naive.trail = nil
      guard trigger.trail == nil else {
        if let last = seen.last, trigger.isReached(by: last, order.side) { faults.append("\(order.id) did not fire") }
        continue
      }
      if seen.contains(where: { naive.isReached(by: $0, order.side) }) { faults.append("\(order.id) did not fire") }
    }
    return faults
  }

  /// Exits trade no more than their entry did, live together, and do not outlive their class.
  private func classFaults() -> [String] {
    var faults: [String] = []
    let members = Dictionary(grouping: orders.values.filter { $0.conditions?.group != nil }) { $0.conditions!.group! }
    for (group, orders) in members where orders.allSatisfy({ $0.sequence <= processed }) {
      guard !orders.contains(where: { quarantined.contains($0.sequence) }) else { continue }
      let exits = orders.filter(\.isExit)
      let sold = exits.filter { $0.status != .replaced }.reduce(0) { $0 + $1.filled.rawValue }
      let entry = orders.filter { !$0.isExit && $0.status != .replaced && $0.status != .rejected }
      let whole = exits.map(\.quantity.rawValue).max() ?? 0
      let bought = orders.contains { !$0.isExit } ? entry.map(\.filled.rawValue).max() ?? 0 : whole
      if sold > bought { faults.append("class \(group): exits traded \(sold), the entry \(bought)") }
      let open = exits.filter(\.status.isOpen)
      if open.filter({ $0.phase == .working }).count > 1 { faults.append("class \(group): both exits are in the book") }
      if Set(open.map(\.leaves)).count > 1 { faults.append("class \(group): exits differ in what is left") }
      let hasEntry = entry.contains { $0.status.isOpen }
      if open.contains(where: { ($0.phase == .held) != hasEntry }) {
        faults.append("class \(group): an exit is in the wrong phase")
      }
      let hasEnded = orders.contains { $0.status == .canceled || ($0.isExit && $0.status == .filled) }
      if hasEnded, open.count > 1 || hasEntry { faults.append("class \(group): some outlive its end") }
    }
    return faults
  }
}
