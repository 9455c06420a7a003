internal import Accounting
internal import Market

/// The rules of stop prices, trails and classes.
extension OrderRules {
  /// An order type in the words of a sentence: `trailing stop`.
  static func words(_ type: String?) -> String {
    String((type ?? "").map { $0 == "_" ? " " : $0 })
  }

  func orderClass(of ticket: OrderTicket) throws(TicketRefusal) -> OrderClass {
    switch ticket.orderClass {
    case nil, "simple": return .simple
    case "bracket": return .bracket
    case "oco": return .oco
    case "oto": return .oto
    case "mleg": throw .unsupported("order_class mleg")
    default: throw .malformed(.orderClass)
    }
  }

  /// Reads what an order waits for.
  func condition(of ticket: OrderTicket) throws(TicketRefusal) -> DraftCondition? {
    let hasTrail = ticket.trailPrice != nil || ticket.trailPercent != nil
    switch ticket.type {
    case "stop", "stop_limit":
      if hasTrail { throw .contradiction("\(Self.words(ticket.type)) orders must not have a trail") }
      guard let text = ticket.stopPrice else {
        throw .contradiction("\(Self.words(ticket.type)) orders require a stop price")
      }
      return .stop(try PriceText(text, .stopPrice))
    case "trailing_stop":
      if ticket.stopPrice != nil { throw .contradiction("trailing stop orders must not have a stop price") }
      return .trailing(try trail(of: ticket))
    default:
      if ticket.stopPrice != nil {
        throw ticket.type == "market" ? TicketRefusal.priceOfMarketOrder : .stopPriceOfLimitOrder
      }
      if hasTrail { throw .contradiction("\(ticket.type ?? "") orders must not have a trail") }
      return nil
    }
  }

  private func trail(of ticket: OrderTicket) throws(TicketRefusal) -> Trail.Distance {
    switch (ticket.trailPrice, ticket.trailPercent) {
    case (let text?, nil): return .amount(try Self.distance(text, .trailPrice, digits: 4))
    case (nil, let text?):
      // Percent with two decimals: 1/10000 of the price.
      let parts = try Self.distance(text, .trailPercent, digits: 2)
      guard parts < 10_000 else { throw .contradiction("trail_percent must be < 100") }
      return .fraction(parts)
    case (nil, nil), (_?, _?):
      throw .contradiction("trailing stop orders must specify one of trail_price or trail_percent")
    }
  }

  /// Reads a positive number with so many decimals.
  static func distance(_ text: String, _ field: TicketField, digits: Int) throws(TicketRefusal) -> Int64 {
    guard let decimal = ReadDecimal(text, fractionDigits: digits) else { throw .malformed(field) }
    switch decimal {
    case .exact(let value) where value > 0 && value <= Price.maximum.rawValue: return value
    case .tooFine(isNegative: false):
      throw .contradiction("\(field.rawValue) must have at most \(digits) decimals")
    case .exact, .tooFine, .outOfRange: throw .contradiction("\(field.rawValue) must be > 0")
    }
  }

  /// Reads the exits of a class and checks that they are those that it has.
  func exits(
    of ticket: OrderTicket, _ orderClass: OrderClass, _ timeInForce: TimeInForce
  ) throws(TicketRefusal) -> (takeProfit: PriceText?, stopLoss: DraftStopLoss?) {
    let name = ticket.orderClass ?? ""
    let hasProfit = ticket.takeProfitLimit != nil
    let hasLoss = ticket.stopLossStop != nil
    if !hasLoss, ticket.stopLossLimit != nil { throw .contradiction("stop_loss requires stop_loss.stop_price") }
    switch orderClass {
    case .simple:
      if hasProfit || hasLoss || ticket.hasExits {
        throw .contradiction("take_profit and stop_loss require order_class bracket, oco or oto")
      }
      return (nil, nil)
    case .bracket, .oco:
      guard hasProfit || (orderClass == .oco && ticket.limitPrice != nil) else {
        throw .contradiction("\(name) orders require take_profit.limit_price")
      }
      guard hasLoss else { throw .contradiction("\(name) orders require stop_loss.stop_price") }
      if orderClass == .oco, ticket.type != "limit" { throw .contradiction("oco orders must be limit orders") }
      if orderClass == .oco, ticket.postOnly { throw .contradiction("oco orders cannot be post_only") }
    case .oto:
      guard hasProfit != hasLoss else {
        throw .contradiction("oto orders require exactly one of take_profit.limit_price or stop_loss.stop_price")
      }
    }
    guard timeInForce == .day || timeInForce == .gtc else {
      throw .contradiction("\(name) orders must have time_in_force day or gtc")
    }
    let profit = ticket.takeProfitLimit ?? (orderClass == .oco ? ticket.limitPrice : nil)
    let stopLoss = try ticket.stopLossStop.map { text throws(TicketRefusal) in
      DraftStopLoss(
        stop: try PriceText(text, .stopLossStop),
        limit: try ticket.stopLossLimit.map { text throws(TicketRefusal) in try PriceText(text, .stopLossLimit) })
    }
    return (try profit.map { text throws(TicketRefusal) in try PriceText(text, .takeProfitLimit) }, stopLoss)
  }

  /// The client's names for the orders of a class. That of an OCO's take-profit names the order at the head, for that is it.
  func clientOrderIDs(
    of ticket: OrderTicket, _ orderClass: OrderClass
  ) throws(TicketRefusal) -> (head: String?, takeProfit: String?, stopLoss: String?) {
    let given = [ticket.clientOrderID, ticket.takeProfitClientOrderID, ticket.stopLossClientOrderID]
    for name in given { try Self.checkClientOrderID(name) }
    var (head, takeProfit) = (given[0], given[1])
    if orderClass == .oco {
      // Names are what their bytes say.
      if let head, let takeProfit, !head.utf8.elementsEqual(takeProfit.utf8) {
        throw .contradiction("the take-profit of an oco order is the order itself: it has one client_order_id")
      }
      (head, takeProfit) = (head ?? takeProfit, nil)
    }
    let names = [head, takeProfit, given[2]].compactMap { $0.map { Array($0.utf8) } }
    guard Set(names).count == names.count else { throw .rejected(.duplicateClientOrderID) }
    return (head, takeProfit, given[2])
  }

  /// What an order waits for, once its prices are checked.
  func trigger(
    _ draft: OrderDraft, _ instrument: Instrument, lastPrice: Price?
  ) throws(TicketRefusal) -> Trigger? {
    switch draft.condition {
    case nil: return nil
    case .stop(let text)?: return Trigger(stop: try text.checked())
    case .trailing(let distance)?:
      let trail = Trail(distance, mark: try basis(instrument, lastPrice), collar: collarBasisPoints)
      guard trail.leavesRoom else { throw .contradiction("trail_price must be less than the last price") }
      return Trigger(trail, draft.side)
    }
  }

  /// The exits of a class, each on its side of the others.
  func legs(_ draft: OrderDraft, price: Price, lastPrice: Price?) throws(TicketRefusal) -> [LegTerms] {
    guard draft.orderClass != .simple else { return [] }
    let exitSide = draft.orderClass == .oco ? draft.side : draft.side.opposite
    var legs: [LegTerms] = []
    let profit = try draft.takeProfit?.checked()
    let stop = try draft.stopLoss?.stop.checked()
    let limit = try draft.stopLoss?.limit?.checked()
    let isEntryNext = draft.orderClass != .oco && draft.condition == nil
    let prices = ExitPrices(
      side: exitSide, takeProfit: profit, stop: stop, stopLimit: limit,
      base: isEntryNext ? (draft.type == .limit ? price : lastPrice) : nil)
    if let contradiction = prices.contradiction { throw .contradiction(contradiction) }
    if let profit, draft.orderClass != .oco {
      legs.append(LegTerms(takeProfitAt: profit))
    }
    if let stop {
      legs.append(
        LegTerms(
          .stopLoss, limit == nil ? .market : .limit, at: limit ?? protection(around: stop, exitSide), stop: stop))
    }
    return legs
  }
}
