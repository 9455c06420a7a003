internal import Accounting
internal import JSON
internal import Market
internal import Ports

extension JSONWriter {
  /// An order as clients see it.
  mutating func order(_ shown: ShownOrder, _ instrument: Instrument) {
    let order = shown.record
    beginObject()
    key("id")
    id(order.id)
    key("client_order_id")
    string(order.clientOrderID)
    orderTimes(order)
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
    string(plain: "")
    key("order_type")
    string(plain: order.type.wire)
    key("type")
    string(plain: order.type.wire)
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
    nulls("stop_price", "trail_percent", "trail_price", "hwm", "legs", "position_intent", "subtag", "source")
    endObject()
  }

  private mutating func orderTimes(_ order: OrderRecord) {
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
    null()
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
  mutating func nulls(_ names: StaticString...) {
    for name in names {
      key(name)
      null()
    }
  }
}

extension OrderType {
  /// The word on the wire.
  var wire: StaticString {
    switch self {
    case .limit: return "limit"
    case .market: return "market"
    }
  }
}

extension Side {
  /// The word on the wire.
  var wire: StaticString { self == .buy ? "buy" : "sell" }
}

extension TimeInForce {
  /// The word on the wire.
  var wire: StaticString {
    switch self {
    case .day: return "day"
    case .gtc: return "gtc"
    case .ioc: return "ioc"
    case .fok: return "fok"
    }
  }
}

extension ShownStatus {
  /// The word on the wire.
  var wire: StaticString {
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
    }
  }
}
