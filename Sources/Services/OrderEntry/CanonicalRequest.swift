internal import Market

/// The content of a request in one form, equal for equal requests however they were written: what an idempotency key
/// stands for.
enum CanonicalRequest {
  /// A new order. A market order's protection price moves by itself and is left out.
  static func place(_ draft: OrderDraft, _ order: CheckedOrder, _ instrument: InstrumentID) -> [UInt8] {
    var form = Form("place")
    form.add(Int64(instrument.rawValue))
    form.add(Int64(order.side.rawValue))
    form.add(Int64(order.type.rawValue))
    form.add(Int64(order.timeInForce.rawValue))
    form.add(order.type == .limit ? order.price.rawValue : nil)
    form.add(order.quantity.rawValue)
    form.add(order.postOnly ? 1 : 0)
    form.add(draft.selfTradePrevention.map { Int64($0.rawValue) })
    form.add(draft.clientOrderID)
    // What is not said leaves no trace, so that plain orders keep the form that they always had: their keys may be stored.
    if let intent = draft.positionIntent { form.add("position_intent \(intent.rawValue)") }
    guard draft.condition != nil || draft.orderClass != .simple else { return form.bytes }
    switch draft.condition {
    case nil: break
    case .stop?: form.add(order.trigger?.stop.rawValue)
    case .trailing(.amount(let amount))?: form.add("amount \(amount)")
    case .trailing(.fraction(let parts))?: form.add("fraction \(parts)")
    }
    form.add(Int64(draft.orderClass.rawValue))
    for leg in order.legs {
      form.add(Int64(leg.role.rawValue))
      form.add(leg.type == .limit ? leg.price.rawValue : nil)
      form.add(leg.stop?.rawValue)
    }
    // As do classes whose client names only their head.
    for (role, name) in [
      ("take_profit", draft.takeProfitClientOrderID), ("stop_loss", draft.stopLossClientOrderID),
    ] where name != nil {
      form.add(role)
      form.add(name)
    }
    return form.bytes
  }

  /// A replacement.
  static func replace(_ target: OrderID, _ change: OrderChange) -> [UInt8] {
    var form = Form("replace")
    form.add(target.description)
    form.add(change.terms.price?.rawValue)
    form.add(change.terms.quantity?.rawValue)
    form.add(change.terms.timeInForce.map { Int64($0.rawValue) })
    form.add(change.clientOrderID)
    guard change.terms.stop != nil || change.terms.trail != nil else { return form.bytes }
    form.add(change.terms.stop?.rawValue)
    form.add(change.terms.trail)
    return form.bytes
  }

  /// A position's closing, by what was asked and not by what that came to.
  static func close(_ instrument: InstrumentID, _ portion: ClosedPortion) -> [UInt8] {
    var form = Form("close")
    form.add(Int64(instrument.rawValue))
    switch portion {
    case .all: form.add("all")
    case .shares(let quantity): form.add("shares \(quantity)")
    case .millionths(let part): form.add("millionths \(part)")
    }
    return form.bytes
  }

  /// Fields one after the other, each with its length, so that no two lists of fields look the same.
  private struct Form {
    private(set) var bytes: [UInt8] = []

    init(_ kind: String) { add(kind) }

    mutating func add(_ text: String?) {
      guard let text else { return bytes.append(UInt8(ascii: "-")) }
      bytes.append(contentsOf: "\(text.utf8.count):".utf8)
      bytes.append(contentsOf: text.utf8)
    }

    mutating func add(_ number: Int64?) { add(number.map(String.init)) }
  }
}
