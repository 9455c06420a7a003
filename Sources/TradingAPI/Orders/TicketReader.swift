internal import JSON
internal import Services

extension OrderTicket {
  /// Fields of kinds of orders that are not offered; refused when they say something.
  private static let unsupportedFields = ["legs", "advanced_instructions"]

  /// Reads the body of a new order. Unknown fields are ignored; of repeated ones the last counts.
  /// - Throws: ``TicketRefusal/malformed(_:)`` for a field of the wrong kind.
  init(_ body: JSONValue) throws(TicketRefusal) {
    self.init()
    symbol = try body.text(.symbol)
    quantity = try body.decimalText(.quantity)
    notional = try body.decimalText(.notional)
    side = try body.text(.side)
    type = try body.text(.type)
    timeInForce = try body.text(.timeInForce)
    limitPrice = try body.decimalText(.limitPrice)
    clientOrderID = try body.text(.clientOrderID)
    orderClass = try body.text(.orderClass)
    extendedHours = try body.flag(.extendedHours)
    postOnly = try body.flag(.postOnly)
    selfTradePrevention = try body.text(.selfTradePrevention)
    stopPrice = try body.decimalText(.stopPrice)
    trailPrice = try body.decimalText(.trailPrice)
    trailPercent = try body.decimalText(.trailPercent)
    let profit = try body.part(.takeProfit)
    takeProfitLimit = try profit?.decimalText("limit_price", .takeProfitLimit)
    let loss = try body.part(.stopLoss)
    stopLossStop = try loss?.decimalText("stop_price", .stopLossStop)
    hasExits = profit != nil || loss != nil
    stopLossLimit = try loss?.decimalText("limit_price", .stopLossLimit)
    takeProfitClientOrderID = try profit?.text("client_order_id", .takeProfitClientOrderID)
    stopLossClientOrderID = try loss?.text("client_order_id", .stopLossClientOrderID)
    positionIntent = try body.text(.positionIntent)
    unsupportedField = Self.unsupportedFields.first { body[$0]?.saysSomething == true }
  }
}

extension ReplaceTicket {
  private static let unsupportedFields = ["notional"]

  /// Reads the body of a replacement.
  /// - Throws: ``TicketRefusal/malformed(_:)`` for a field of the wrong kind.
  init(_ body: JSONValue) throws(TicketRefusal) {
    self.init()
    quantity = try body.decimalText(.quantity)
    limitPrice = try body.decimalText(.limitPrice)
    stopPrice = try body.decimalText(.stopPrice)
    trail = try body.decimalText(.trail)
    timeInForce = try body.text(.timeInForce)
    clientOrderID = try body.text(.clientOrderID)
    unsupportedField = Self.unsupportedFields.first { body[$0]?.saysSomething == true }
  }
}

extension JSONValue {
  /// Null, an empty string and an empty list say nothing: some clients send them for every optional field.
  fileprivate var saysSomething: Bool {
    switch kind {
    case .null: return false
    case .string: return string?.isEmpty == false
    case .array: return self[0] != nil
    case .bool, .number, .object: return true
    }
  }

  fileprivate func text(_ field: TicketField) throws(TicketRefusal) -> String? { try text(field.rawValue, field) }

  fileprivate func text(_ name: String, _ field: TicketField) throws(TicketRefusal) -> String? {
    guard let value = self[name], !value.isNull else { return nil }
    guard let text = value.string else { throw .malformed(field) }
    return text.isEmpty ? nil : text
  }

  /// A decimal may come as a number or as a string.
  fileprivate func decimalText(_ field: TicketField) throws(TicketRefusal) -> String? {
    try decimalText(field.rawValue, field)
  }

  /// An object below this one; nil when it says nothing.
  fileprivate func part(_ field: TicketField) throws(TicketRefusal) -> JSONValue? {
    guard let value = self[field.rawValue], value.saysSomething else { return nil }
    guard value.kind == .object else { throw .malformed(field) }
    return value
  }

  fileprivate func decimalText(_ name: String, _ field: TicketField) throws(TicketRefusal) -> String? {
    guard let value = self[name], !value.isNull else { return nil }
    guard let text = value.numberText ?? value.string else { throw .malformed(field) }
    return text.isEmpty ? nil : text
  }

  fileprivate func flag(_ field: TicketField) throws(TicketRefusal) -> Bool {
    guard let value = self[field.rawValue], value.saysSomething else { return false }
    if let flag = value.bool { return flag }
    switch value.string {
    case "true": return true
    case "false": return false
    default: throw .malformed(field)
    }
  }
}
