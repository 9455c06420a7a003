internal import Accounting
public import Market

/// The rules of form for new orders and replacements: pure, from a ticket to terms that may be handed in, or a refusal.
///
/// Checks run in this order: fields, then the instrument, then quantity and price. What needs the ledger (identity, money,
/// shares, own orders) is judged there.
public struct OrderRules: Hashable, Sendable {
  /// How far a market order may trade from the last price, in 1/10000 of it. 1 to 10,000.
  public var collarBasisPoints: Int64
  /// Whether the market opens and closes with auctions: orders for them are taken only then.
  public var hasAuctions: Bool

  /// Default of ``collarBasisPoints``: five percent.
  public static let defaultCollarBasisPoints: Int64 = 500
  /// Longest client order id, in characters of UTF-8.
  public static let maximumClientOrderIDLength = 128

  /// Longest symbol or asset identifier that is looked up, in bytes.
  public static let maximumSymbolLength = 64

  /// Makes rules; a collar out of range is clamped.
  public init(collarBasisPoints: Int64 = defaultCollarBasisPoints, hasAuctions: Bool = false) {
    self.hasAuctions = hasAuctions
    self.collarBasisPoints = min(max(collarBasisPoints, 1), 10_000)
  }

  /// Reads a ticket whose fields are all present and well-formed.
  /// - Throws: ``TicketRefusal``, the first in the order of the fields.
  public func draft(_ ticket: OrderTicket) throws(TicketRefusal) -> OrderDraft {
    guard let symbol = ticket.symbol else { throw .missing(.symbol) }
    guard symbol.utf8.count <= Self.maximumSymbolLength else { throw .malformed(.symbol) }
    let quantity = try quantity(of: ticket)
    guard let sideText = ticket.side else { throw .missing(.side) }
    guard let side = Side(wire: sideText) else { throw .malformed(.side) }
    let type = try type(of: ticket)
    guard let timeText = ticket.timeInForce else { throw .missing(.timeInForce) }
    let timeInForce = try timeInForce(timeText)
    let orderClass = try orderClass(of: ticket)
    let limitPrice = try limitPrice(of: ticket, type, orderClass)
    try refuseUnsupported(ticket)
    let condition = try condition(of: ticket)
    let exits = try exits(of: ticket, orderClass, timeInForce)
    let prevention = try selfTradePrevention(of: ticket)
    let names = try clientOrderIDs(of: ticket, orderClass)
    let intent = try positionIntent(of: ticket, side)
    if let contradiction = OrderTerms.contradiction(
      type, timeInForce, postOnly: ticket.postOnly, hasTrigger: condition != nil, orderClass: orderClass)
    {
      throw .rejected(.contradictoryTerms(contradiction))
    }
    return OrderDraft(
      symbol: symbol, quantity: quantity, side: side, type: type, timeInForce: timeInForce,
      limitPrice: orderClass == .oco ? exits.takeProfit : limitPrice, condition: condition, orderClass: orderClass,
      takeProfit: exits.takeProfit, stopLoss: exits.stopLoss, postOnly: ticket.postOnly,
      selfTradePrevention: prevention, clientOrderID: names.head, takeProfitClientOrderID: names.takeProfit,
      stopLossClientOrderID: names.stopLoss, positionIntent: intent)
  }

  /// Checks a draft against its instrument.
  /// - Parameter lastPrice: The price of the instrument's latest trade; nil before the first.
  public func terms(
    _ draft: OrderDraft, _ instrument: Instrument, lastPrice: Price?
  ) throws(TicketRefusal) -> CheckedOrder {
    guard instrument.tradable else { throw .rejected(.notTradable(instrument.symbol)) }
    let quantity = try draft.quantity.checked()
    let trigger = try trigger(draft, instrument, lastPrice: lastPrice)
    let price: Price
    if let limit = draft.limitPrice {
      price = try limit.checked()
    } else if let trigger {
      price = protection(around: trigger.stop, draft.side)
    } else {
      price = protection(around: try basis(instrument, lastPrice), draft.side)
    }
    let legs = try legs(draft, price: price, lastPrice: lastPrice ?? instrument.referencePrice)
    guard ([price] + legs.map(\.price)).allSatisfy({ $0.cost(of: quantity) != nil }) else {
      throw .rejected(.notionalTooLarge)
    }
    let terms = OrderTerms(
      draft.side, quantity, at: price, type: draft.type, timeInForce: draft.timeInForce, postOnly: draft.postOnly,
      selfTradePrevention: draft.selfTradePrevention ?? .cancelNewest)
    return CheckedOrder(terms: terms, trigger: trigger, legs: legs)
  }

  /// The price that orders without one are measured by.
  func basis(_ instrument: Instrument, _ lastPrice: Price?) throws(TicketRefusal) -> Price {
    guard let last = lastPrice ?? instrument.referencePrice, last.rawValue > 0 else {
      throw .rejected(.noProtectionPrice(instrument.symbol))
    }
    return last
  }

  /// Reads and checks a replacement's ticket.
  public func change(_ ticket: ReplaceTicket) throws(TicketRefusal) -> OrderChange {
    let quantity = try ticket.quantity.map { text throws(TicketRefusal) in try QuantityText(text) }
    let price = try ticket.limitPrice.map { text throws(TicketRefusal) in try PriceText(text) }
    let stop = try ticket.stopPrice.map { text throws(TicketRefusal) in try PriceText(text, .stopPrice) }
    let trail = try ticket.trail.map { text throws(TicketRefusal) in try Self.distance(text, .trail, digits: 4) }
    let timeInForce = try ticket.timeInForce.map { text throws(TicketRefusal) in try self.timeInForce(text) }
    if let field = ticket.unsupportedField { throw .unsupported(field) }
    try Self.checkClientOrderID(ticket.clientOrderID)
    return OrderChange(
      terms: ChangedTerms(
        quantity: try quantity?.checked(), price: try price?.checked(), stop: try stop?.checked(), trail: trail,
        timeInForce: timeInForce),
      clientOrderID: ticket.clientOrderID)
  }

  /// The worst price a market order may trade at: `collarBasisPoints` beyond the last price, on the grid.
  public func protection(around last: Price, _ side: Side) -> Price {
    last.protected(side, collar: collarBasisPoints)
  }
}

extension OrderRules {
  private func quantity(of ticket: OrderTicket) throws(TicketRefusal) -> QuantityText {
    if ticket.notional != nil {
      throw ticket.quantity == nil ? .unsupported("notional orders") : .quantityAndNotional
    }
    guard let text = ticket.quantity else { throw .missing(.quantity) }
    return try QuantityText(text)
  }

  private func type(of ticket: OrderTicket) throws(TicketRefusal) -> OrderType {
    switch ticket.type {
    case nil: throw .missing(.type)
    case "limit": return .limit
    case "market": return .market
    case "stop", "trailing_stop": return .market
    case "stop_limit": return .limit
    default: throw .malformed(.type)
    }
  }

  private func timeInForce(_ text: String) throws(TicketRefusal) -> TimeInForce {
    switch text {
    case "day": return .day
    case "gtc": return .gtc
    case "ioc": return .ioc
    case "fok": return .fok
    case "opg" where hasAuctions: return .opg
    case "cls" where hasAuctions: return .cls
    case "opg", "cls": throw .unsupported("time_in_force \(text)")
    default: throw .malformed(.timeInForce)
    }
  }

  private func limitPrice(
    of ticket: OrderTicket, _ type: OrderType, _ orderClass: OrderClass
  ) throws(TicketRefusal) -> PriceText? {
    switch (type, ticket.limitPrice) {
    // The limit price of an OCO is that of its take-profit.
    case (.limit, nil) where orderClass == .oco: return nil
    case (.limit, nil) where ticket.type == "stop_limit":
      throw .contradiction("stop limit orders require a limit price")
    case (.limit, nil): throw .missing(.limitPrice)
    case (.limit, let text?): return try PriceText(text)
    case (.market, nil): return nil
    case (.market, _?) where ticket.type != "market":
      throw .contradiction("\(Self.words(ticket.type)) orders must not have a limit price")
    case (.market, _?): throw .priceOfMarketOrder
    }
  }

  private func selfTradePrevention(of ticket: OrderTicket) throws(TicketRefusal) -> SelfTradePrevention? {
    switch ticket.selfTradePrevention {
    case nil: return nil
    case "cancel_newest": return .cancelNewest
    case "cancel_oldest": return .cancelOldest
    case "cancel_both": return .cancelBoth
    default: throw .malformed(.selfTradePrevention)
    }
  }

  private func refuseUnsupported(_ ticket: OrderTicket) throws(TicketRefusal) {
    if ticket.extendedHours { throw .unsupported("extended_hours") }
    if let field = ticket.unsupportedField { throw .unsupported(field) }
  }

  private func positionIntent(of ticket: OrderTicket, _ side: Side) throws(TicketRefusal) -> PositionIntent? {
    guard let text = ticket.positionIntent else { return nil }
    guard let intent = PositionIntent(rawValue: text) else { throw .malformed(.positionIntent) }
    guard intent.side == side else {
      throw .rejected(.positionIntent(inferred: PositionIntent(of: side), specified: intent))
    }
    return intent
  }

  static func checkClientOrderID(_ text: String?) throws(TicketRefusal) {
    guard let text else { return }
    let isControl = { (scalar: Unicode.Scalar) in scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) }
    guard text.unicodeScalars.count <= maximumClientOrderIDLength, !text.unicodeScalars.contains(where: isControl)
    else {
      throw .badClientOrderID
    }
  }
}

extension Side {
  /// Reads `buy` or `sell`; nil otherwise.
  public init?(wire text: String) {
    switch text {
    case "buy": self = .buy
    case "sell": self = .sell
    default: return nil
    }
  }
}
