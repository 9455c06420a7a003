internal import ClientKit
internal import Engine
internal import JSON
internal import Market
internal import Ports
internal import Services

extension JSONWriter {
  /// What the next auction of an instrument would lead to.
  mutating func indication(_ call: MarketCall, of instrument: Instrument) {
    let indication = CallIndication(call)
    beginObject()
    key("symbol")
    string(instrument.symbol.description)
    key("t")
    marketTime(call.at)
    key("phase")
    string(plain: call.phase.wire)
    key("price")
    if let indication { number(indication.price.rawValue, fractionDigits: 4) } else { null() }
    key("paired")
    integer(indication?.paired.rawValue ?? 0)
    key("imbalance")
    integer(indication?.imbalance.rawValue ?? 0)
    key("imbalance_side")
    if let side = indication?.imbalanceSide { string(plain: side.wire) } else { null() }
    endObject()
  }
}

extension InstrumentPhase {
  /// The word on the wire.
  fileprivate var wire: StaticString {
    if isHalted { return "halted" }
    switch point?.stage {
    case .preOpen: return "pre_open"
    case .closed: return "closed"
    case .open, nil: return "open"
    }
  }
}
