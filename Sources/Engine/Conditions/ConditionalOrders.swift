internal import Accounting
internal import Market
internal import Matching

/// What an open order has that waits outside the books or belongs to a class; its terms are those of its ``OpenOrder``.
struct ConditionalOrder {
  var conditions: OrderConditions
  let instrument: InstrumentID
  let side: Side

  init(_ conditions: OrderConditions, _ side: Side, in instrument: InstrumentID) {
    self.conditions = conditions
    self.instrument = instrument
    self.side = side
  }

  /// The command by which it enters its book.
  ///
  /// A trailing stop is protected by the collar around the stop at which it fires; a buy never beyond what it holds. Where
  /// orders are collected it stands, and so it has the price that is stored.
  func entry(_ key: OrderKey, _ order: OpenOrder, stands: Bool) -> BookCommand {
    precondition(order.filled == .zero, "order \(order.id) traded outside the book")
    var terms = order.terms
    // It is there to trade, whatever rests by now.
    terms.postOnly = false
    if !stands, let trigger = conditions.trigger, let trail = trigger.trail {
      let protection = trigger.stop.protected(side, collar: trail.collar)
      terms.price = side == .buy ? min(terms.price, protection) : protection
    }
    return BookCommand(.place, key, terms, in: instrument, of: order.account)
  }
}

/// The open orders of a class.
struct OrderGroup {
  /// Whose they are.
  let account: AccountNumber
  let instrument: InstrumentID
  /// Which way the exits go.
  let exitSide: Side
  /// The entry, while it is open.
  var entry: OrderKey?
  /// The open exits, the take-profit first.
  var exits: [OrderKey] = []
  /// What the exits hold together.
  var hold: Int64 = 0
}

/// Open orders that wait outside the books or belong to a class, by key, with what a trade or another order does to them.
///
/// A stop that has fired and belongs to no class is an order like any other and is not kept here.
struct ConditionalOrders {
  private(set) var orders: [OrderKey: ConditionalOrder] = [:]
  var triggers = TriggerBook()
  var groups: [OrderID: OrderGroup] = [:]
  /// The orders of each instrument that has any; what concerns others is plain.
  private var byInstrument: [InstrumentID: Set<OrderKey>] = [:]

  subscript(key: OrderKey) -> ConditionalOrder? { orders[key] }

  /// Whether what happens to an instrument may concern any of the orders.
  func concerns(_ instrument: InstrumentID) -> Bool { !byInstrument.isEmpty && byInstrument[instrument] != nil }

  /// The orders of an instrument, in no order.
  func keys(of instrument: InstrumentID) -> [OrderKey] { byInstrument[instrument].map(Array.init) ?? [] }

  /// Takes an order in; it does not wait for its stop yet.
  mutating func insert(_ key: OrderKey, _ order: ConditionalOrder, of account: AccountNumber) {
    orders[key] = order
    byInstrument[order.instrument, default: []].insert(key)
    guard let group = order.conditions.group else { return }
    let side = order.conditions.role.isExit ? order.side : order.side.opposite
    var members =
      groups[group] ?? OrderGroup(account: account, instrument: order.instrument, exitSide: side)
    switch order.conditions.role {
    case .main: members.entry = key
    case .takeProfit: members.exits.insert(key, at: 0)
    case .stopLoss: members.exits.append(key)
    }
    groups[group] = members
  }

  /// Takes an order out that is closed, or has fired and belongs to no class.
  mutating func remove(_ key: OrderKey) {
    guard let order = orders.removeValue(forKey: key) else { return }
    stopWaiting(key, order)
    byInstrument[order.instrument]!.remove(key)
    if byInstrument[order.instrument]!.isEmpty { byInstrument[order.instrument] = nil }
    guard let group = order.conditions.group else { return }
    if groups[group]!.entry == key { groups[group]!.entry = nil }
    groups[group]!.exits.removeAll { $0 == key }
  }

  /// Changes an order's conditions; it must not wait in the trigger book meanwhile.
  mutating func change(_ key: OrderKey, _ body: (inout OrderConditions) -> Void) {
    body(&orders[key]!.conditions)
  }

  /// Lets an order wait for its stop.
  mutating func wait(_ key: OrderKey) {
    guard let order = orders[key], let trigger = order.conditions.trigger else { return }
    triggers.insert(key, trigger, order.side, in: order.instrument)
  }

  private mutating func stopWaiting(_ key: OrderKey, _ order: ConditionalOrder) {
    guard order.conditions.phase == .waiting, let trigger = order.conditions.trigger else { return }
    triggers.remove(key, trigger, order.side, in: order.instrument)
  }

  /// Takes in an order that is stored, and lets it wait if it waited.
  mutating func restore(_ key: OrderKey, _ order: ConditionalOrder, of account: AccountNumber) {
    guard order.conditions.phase != .working || order.conditions.group != nil else { return }
    insert(key, order, of: account)
    if order.conditions.phase == .waiting { wait(key) }
  }
}
