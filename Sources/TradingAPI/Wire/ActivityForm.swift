internal import ClientKit
internal import JSON
internal import Market
internal import Ports

extension JSONWriter {
  /// Something that changed an account, as clients see it.
  mutating func activity(_ activity: AccountActivity, _ account: UniqueID, _ table: InstrumentTable) {
    beginObject()
    key("id")
    string(ActivityToken.text(activity))
    key("account_id")
    id(account)
    key("activity_type")
    string(activity.kind.rawValue)
    switch activity.detail {
    case .fill(let fill): self.fill(fill, activity.at, table)
    case .cash(let amount):
      booked(activity.at)
      key("net_amount")
      money(amount)
    case .shares(let instrument, let amount):
      booked(activity.at)
      key("net_amount")
      string(plain: "0")
      key("symbol")
      string(table[instrument]?.symbol.description ?? "")
      key("qty")
      decimal(amount, fractionDigits: 0)
    }
    endObject()
  }

  private mutating func booked(_ at: Timestamp) {
    key("date")
    string(NewYorkTime.day(at: at).description)
    key("created_at")
    time(at)
    key("status")
    string(plain: "executed")
  }

  private mutating func fill(_ fill: AccountActivity.Fill, _ at: Timestamp, _ table: InstrumentTable) {
    let isLast = fill.leaves == .zero
    key("transaction_time")
    time(at)
    key("type")
    string(plain: isLast ? "fill" : "partial_fill")
    key("price")
    price(fill.price)
    key("qty")
    quantity(fill.quantity)
    key("side")
    string(plain: fill.side.wire)
    key("symbol")
    string(table[fill.instrument]?.symbol.description ?? "")
    key("leaves_qty")
    quantity(fill.leaves)
    key("order_id")
    id(fill.order)
    key("cum_qty")
    quantity(fill.filled)
    key("order_status")
    string(plain: isLast ? "filled" : "partially_filled")
  }
}
