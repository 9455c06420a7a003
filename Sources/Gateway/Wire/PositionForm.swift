internal import JSON
internal import Market
internal import Ports

extension PositionRecord {
  /// What the shares are worth at a price; at cost while there is none.
  func marketValue(at price: Price?) -> Money {
    price.map { Money(rawValue: $0.rawValue.saturatingProduct(quantity.rawValue)) } ?? cost
  }
}

extension JSONWriter {
  /// Shares in an account as clients see them. Figures that need a price are null while there is none.
  mutating func position(_ position: PositionRecord, _ instrument: Instrument, lastPrice: Price?) {
    let value = lastPrice.map { position.marketValue(at: $0) }
    let gain = value.map { Money(rawValue: $0.rawValue.saturatingSum(-position.cost.rawValue)) }
    beginObject()
    key("asset_id")
    id(instrument.assetID)
    key("symbol")
    string(instrument.symbol.description)
    key("exchange")
    string(instrument.wireExchange)
    key("asset_class")
    string(plain: "us_equity")
    key("asset_marginable")
    bool(false)
    key("qty")
    quantity(position.quantity)
    key("qty_available")
    quantity(Quantity(rawValue: max(0, position.quantity.rawValue.saturatingSum(-position.held.rawValue))))
    key("side")
    string(plain: "long")
    key("avg_entry_price")
    let average = Ratio.quotient(position.cost.rawValue, by: position.quantity.rawValue, scale: 100)
    decimal(average ?? 0, fractionDigits: Ratio.fractionDigits)
    key("cost_basis")
    money(position.cost)
    key("market_value")
    optionalMoney(value)
    key("current_price")
    optionalMoney(lastPrice.map { Money(rawValue: $0.rawValue) })
    key("unrealized_pl")
    optionalMoney(gain)
    key("unrealized_plpc")
    if let gain, let part = Ratio.quotient(gain.rawValue, by: position.cost.rawValue, scale: 1_000_000) {
      decimal(part, fractionDigits: Ratio.fractionDigits)
    } else {
      null()
    }
    nulls("unrealized_intraday_pl", "unrealized_intraday_plpc", "lastday_price", "change_today")
    endObject()
  }

  private mutating func optionalMoney(_ value: Money?) {
    if let value { money(value) } else { null() }
  }
}
