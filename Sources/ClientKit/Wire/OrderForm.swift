package import Accounting
package import JSON
package import Market
package import Ports

extension JSONWriter {
  /// An order as clients see it.
  package mutating func order(_ shown: ShownOrder, _ instrument: Instrument, _ clock: MarketClock) {
    let order = shown.record
    beginObject()
    key("id")
    id(order.id)
    key("client_order_id")
    string(order.clientOrderID)
    orderTimes(order, clock)
    key("replaced_by")
    id(order.replacedBy)
    key("replaces")
    id(order.replaces)
    key("asset_id")
    id(instrument.assetID)
    key("symbol")
    string(instrument.symbol.description)
    key("asset_class")
    string(plain: "us_equity")
    key("notional")
    null()
    orderAmounts(order)
    key("order_class")
    string(plain: (order.conditions?.orderClass ?? .simple).wire)
    key("order_type")
    string(plain: order.wireType)
    key("type")
    string(plain: order.wireType)
    key("side")
    string(plain: order.side.wire)
    key("time_in_force")
    string(plain: order.timeInForce.wire)
    key("limit_price")
    // A market order's price is its protection, not a limit of the client's.
    if order.type == .market { null() } else { price(order.price) }
    key("status")
    string(plain: shown.status.wire)
    key("extended_hours")
    bool(false)
    orderTrigger(order)
    key("legs")
    if let legs = shown.legs {
      beginArray()
      for leg in legs { self.order(leg, instrument, clock) }
      endArray()
    } else {
      null()
    }
    key("position_intent")
    string(PositionIntent(of: order.side).rawValue)
    orderGroup(order.conditions)
    nulls("subtag", "source")
    if let reason = shown.reason.flatMap(OrderEvent.explanation(of:)) {
      key("reason")
      string(reason)
    }
    endObject()
  }

  /// What the order is to which class, wherever it is shown; an order by itself has neither member.
  private mutating func orderGroup(_ conditions: OrderConditions?) {
    guard let conditions, let group = conditions.group else { return }
    key("group_id")
    id(group)
    key("group_role")
    string(plain: conditions.role.wire)
  }

  /// The stop and how it trails: a percentage has at most two decimals.
  private mutating func orderTrigger(_ order: OrderRecord) {
    let trail = order.trigger?.trail
    key("stop_price")
    price(order.trigger?.stop)
    key("trail_percent")
    if case .fraction(let parts)? = trail?.distance { price(Price(rawValue: parts * 100)) } else { null() }
    key("trail_price")
    if case .amount(let amount)? = trail?.distance { price(Price(rawValue: amount)) } else { null() }
    key("hwm")
    price(trail?.mark)
  }

  private mutating func price(_ price: Price?) {
    if let price { self.price(price) } else { null() }
  }

  private mutating func orderTimes(_ order: OrderRecord, _ clock: MarketClock) {
    let submitted = order.submittedAt
    let closed = { (status: OrderStatus) in order.status == status ? order.closedAt ?? order.updatedAt : nil }
    key("created_at")
    time(submitted)
    key("updated_at")
    time(max(submitted, order.updatedAt))
    key("submitted_at")
    time(submitted)
    key("filled_at")
    time(closed(.filled))
    key("expired_at")
    time(closed(.expired))
    key("expires_at")
    time(clock.end(of: order.timeInForce, submittedAt: submitted))
    key("canceled_at")
    time(closed(.canceled))
    key("failed_at")
    time(closed(.rejected))
    key("replaced_at")
    time(closed(.replaced))
  }

  private mutating func orderAmounts(_ order: OrderRecord) {
    key("qty")
    quantity(order.quantity)
    key("filled_qty")
    quantity(order.filled)
    key("filled_avg_price")
    if let average = Ratio.quotient(order.filledValue.rawValue, by: order.filled.rawValue, scale: 100) {
      decimal(average, fractionDigits: Ratio.fractionDigits)
    } else {
      null()
    }
  }

  /// Members that are null.
  package mutating func nulls(_ names: StaticString...) {
    for name in names {
      key(name)
      null()
    }
  }
}

extension OrderRecord {
  /// The word for its type on the wire.
  package var wireType: StaticString {
    switch (type, trigger) {
    case (.limit, nil): return "limit"
    case (.market, nil): return "market"
    case (.limit, _?): return "stop_limit"
    case (.market, let trigger?): return trigger.trail == nil ? "stop" : "trailing_stop"
    }
  }
}

extension OrderClass {
  /// The word on the wire.
  package var wire: StaticString {
    switch self {
    case .simple: return ""
    case .bracket: return "bracket"
    case .oco: return "oco"
    case .oto: return "oto"
    }
  }
}

extension OrderRole {
  /// The word on the wire.
  package var wire: StaticString {
    switch self {
    case .main: return "entry"
    case .takeProfit: return "take_profit"
    case .stopLoss: return "stop_loss"
    }
  }
}

extension Side {
  /// The word on the wire.
  package var wire: StaticString { self == .buy ? "buy" : "sell" }
}

extension TimeInForce {
  /// The word on the wire.
  package var wire: StaticString {
    switch self {
    case .day: return "day"
    case .gtc: return "gtc"
    case .ioc: return "ioc"
    case .fok: return "fok"
    case .opg: return "opg"
    case .cls: return "cls"
    }
  }
}

extension ShownStatus {
  /// The word on the wire.
  package var wire: StaticString {
    switch self {
    case .accepted: return "accepted"
    case .new: return "new"
    case .partiallyFilled: return "partially_filled"
    case .filled: return "filled"
    case .canceled: return "canceled"
    case .expired: return "expired"
    case .replaced: return "replaced"
    case .rejected: return "rejected"
    case .pendingCancel: return "pending_cancel"
    case .pendingReplace: return "pending_replace"
    case .held: return "held"
    }
  }
}
