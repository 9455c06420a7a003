internal import ClientKit
internal import JSON
internal import Market

extension JSONWriter {
  /// Whether and how an instrument trades.
  mutating func tradingStatus(_ status: TradingStatus, of instrument: Instrument) {
    beginObject()
    key("symbol")
    string(instrument.symbol.description)
    key("t")
    marketTime(status.since)
    key("status")
    string(status.state.rawValue)
    key("session_date")
    if let day = status.phase.point?.day { string(day.description) } else { null() }
    key("reason")
    if let reason = status.haltReason { string(reason) } else { null() }
    key("accepts_orders")
    bool(instrument.tradable && (status.haltReason == nil || status.collects))
    key("resumes_at")
    if let moment = status.pausedUntil { marketTime(moment) } else { null() }
    key("band")
    if let band = status.band, let terms = status.phase.band {
      beginObject()
      key("lower")
      number(band.lower.rawValue, fractionDigits: 4)
      key("upper")
      number(band.upper.rawValue, fractionDigits: 4)
      key("reference")
      number(terms.reference.rawValue, fractionDigits: 4)
      key("tier")
      integer(Int64(terms.tier.rawValue))
      key("limit_state")
      switch status.phase.limit {
      case .lower: string(plain: "limit_down")
      case .upper: string(plain: "limit_up")
      case nil: null()
      }
      endObject()
    } else {
      null()
    }
    endObject()
  }
}
