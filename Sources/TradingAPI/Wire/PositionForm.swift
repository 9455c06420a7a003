internal import Accounting
internal import ClientKit
internal import JSON
internal import Market
internal import Ports
internal import Services

extension JSONWriter {
  /// Shares in an account as clients see them. Figures that need a price are null while there is none.
  /// - Parameter dayStart: What the day's figures are counted from.
  mutating func position(
    _ position: PositionRecord, _ instrument: Instrument, lastPrice: Price?, dayStart: DayStart
  ) {
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
    decimal(position.basis.averageMicrodollars ?? 0, fractionDigits: Ratio.fractionDigits)
    key("cost_basis")
    money(position.cost)
    key("market_value")
    optionalMoney(value)
    key("current_price")
    optionalMoney(lastPrice.map { Money(rawValue: $0.rawValue) })
    key("unrealized_pl")
    optionalMoney(gain)
    key("unrealized_plpc")
    part(gain?.rawValue, of: position.cost.rawValue)
    day(position, value, lastPrice, dayStart.closes[position.instrument] ?? instrument.referencePrice, dayStart)
    endObject()
  }

  private mutating func day(
    _ position: PositionRecord, _ value: Money?, _ lastPrice: Price?, _ lastDayPrice: Price?, _ dayStart: DayStart
  ) {
    let basis = dayStart.basis(of: position, lastDayPrice: lastDayPrice)
    let gain = basis.flatMap { basis in value.map { $0.rawValue.saturatingSum(-basis.rawValue) } }
    key("unrealized_intraday_pl")
    optionalMoney(gain.map(Money.init))
    key("unrealized_intraday_plpc")
    part(gain, of: basis?.rawValue ?? 0)
    key("lastday_price")
    optionalMoney(lastDayPrice.map { Money(rawValue: $0.rawValue) })
    key("change_today")
    part(
      lastDayPrice.flatMap { last in lastPrice.map { $0.rawValue - last.rawValue } }, of: lastDayPrice?.rawValue ?? 0)
  }

  /// A quotient, or null.
  private mutating func part(_ value: Int64?, of whole: Int64) {
    if let value, let part = Ratio.quotient(value, by: whole, scale: 1_000_000) {
      decimal(part, fractionDigits: Ratio.fractionDigits)
    } else {
      null()
    }
  }

  private mutating func optionalMoney(_ value: Money?) {
    if let value { money(value) } else { null() }
  }
}
