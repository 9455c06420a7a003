internal import ClientKit
internal import JSON
internal import Market

extension Instrument {
  /// The exchange's code if clients know it, otherwise that of an exchange whose trades are reported on the same tape
  /// (``MarketLetters/tape(of:)``): some clients refuse codes that they have not heard of, and an asset must have one.
  var wireExchange: String {
    switch exchange {
    case "AMEX", "ARCA", "BATS", "NYSE", "NASDAQ", "NYSEARCA", "OTC": return exchange
    default: return "ARCA"
    }
  }
}

extension JSONWriter {
  /// An instrument as clients see it.
  mutating func asset(_ instrument: Instrument) {
    beginObject()
    key("id")
    id(instrument.assetID)
    key("class")
    string(plain: "us_equity")
    key("exchange")
    string(instrument.wireExchange)
    key("symbol")
    string(instrument.symbol.description)
    key("name")
    string(instrument.name)
    key("status")
    string(plain: "active")
    key("tradable")
    bool(instrument.tradable)
    for name: StaticString in ["marginable", "shortable", "easy_to_borrow", "fractionable"] {
      key(name)
      bool(false)
    }
    key("maintenance_margin_requirement")
    integer(100)
    key("attributes")
    beginArray()
    endArray()
    endObject()
  }

  /// A list of instruments.
  mutating func assets(_ instruments: [Instrument]) {
    beginArray()
    for instrument in instruments { asset(instrument) }
    endArray()
  }
}
