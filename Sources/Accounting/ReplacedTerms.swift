internal import Market

/// The terms of an order that is to take another's place: what the request changes, and the rest as it was.
struct ReplacedTerms: HasOrderTerms {
  var terms: OrderTerms
  /// Those of the old order, under a log row of their own.
  let conditions: OrderConditions?
  /// The price that it waits for; nil of one that is in the book.
  let waitingStop: Price?

  /// Combines a request with its target.
  /// - Parameter siblings: The other open orders of the target's class.
  /// - Throws: Why the order cannot be changed like that.
  init(_ request: ReplaceRequest, of target: OrderRecord, _ siblings: [OrderRecord]) throws(RejectReason) {
    let trigger = try Self.trigger(request, of: target)
    terms = target.terms
    terms.quantity = request.changes.quantity ?? target.quantity
    terms.timeInForce = request.changes.timeInForce ?? target.timeInForce
    if terms.timeInForce != target.timeInForce, terms.timeInForce.isForAuction || target.timeInForce.isForAuction {
      throw .contradictoryTerms("opg and cls orders keep their time_in_force, and others cannot become one")
    }
    if target.type == .market, request.changes.price != nil {
      throw .contradictoryTerms("limit_price is not a term of this order: it has no limit price")
    }
    if let contradiction = terms.contradiction(
      hasTrigger: target.trigger != nil, orderClass: target.conditions?.orderClass ?? .simple)
    {
      throw .contradictoryTerms(contradiction)
    }
    if let trigger, trigger != target.trigger, target.type == .market {
      terms.price = trigger.stop.protected(target.side, collar: request.collar)
    } else {
      terms.price = request.changes.price ?? target.price
    }
    if target.conditions?.group != nil {
      guard terms.quantity == target.quantity else {
        throw .contradictoryTerms("qty of bracket, oco and oto orders cannot be replaced")
      }
    }
    guard
      terms != target.terms || trigger != target.trigger
    else { throw .nothingChanged }
    guard terms.quantity > target.filled else { throw .quantityNotAboveFilled }
    guard terms.price.cost(of: terms.quantity) != nil else { throw .notionalTooLarge }
    conditions = target.conditions.map { old in
      var conditions = old
      conditions.leg = 0
      conditions.trigger = trigger
      return conditions
    }
    waitingStop = target.phase == .working ? nil : trigger?.stop
    try checkOrder(of: target, siblings)
  }

  private static func trigger(_ request: ReplaceRequest, of target: OrderRecord) throws(RejectReason) -> Trigger? {
    guard request.changes.stop != nil || request.changes.trail != nil else { return target.trigger }
    guard let trigger = target.trigger else {
      throw .contradictoryTerms(
        request.changes.stop != nil
          ? "stop_price can only be replaced for stop and stop_limit orders"
          : "trail can only be replaced for trailing_stop orders")
    }
    guard target.phase != .working else {
      throw .contradictoryTerms("the stop of this order has been triggered already")
    }
    switch (trigger.trail, request.changes.stop, request.changes.trail) {
    case (nil, let stop?, nil): return Trigger(stop: stop)
    case (nil, _, _): throw .contradictoryTerms("trail can only be replaced for trailing_stop orders")
    case (_?, _?, _): throw .contradictoryTerms("stop_price can only be replaced for stop and stop_limit orders")
    case (let trail?, nil, let distance?): return try Trigger(trail.replacing(distance), target.side)
    case (_, nil, nil): return trigger
    }
  }

  /// Whether the exits of a class still stand on their sides of the market.
  private func checkOrder(of target: OrderRecord, _ siblings: [OrderRecord]) throws(RejectReason) {
    guard target.conditions?.group != nil else { return }
    func order(_ role: OrderRole) -> OrderRecord? {
      target.conditions?.role == role ? target : siblings.first { $0.conditions?.role == role }
    }
    let (entry, profit, loss) = (order(.main), order(.takeProfit), order(.stopLoss))
    guard let side = (profit ?? loss)?.side else { return }
    func price(of order: OrderRecord?) -> Price? { order.map { $0.id == target.id ? self.price : $0.price } }
    let stop = loss.flatMap { $0.id == target.id ? conditions?.trigger?.stop : $0.trigger?.stop }
    // An entry that waits for a trade, or has no limit, says nothing of where it will trade.
    let isEntryPriced = entry.map { $0.type == .limit && $0.trigger == nil && $0.status.isOpen } ?? false
    let prices = ExitPrices(
      side: side, takeProfit: price(of: profit), stop: stop,
      stopLimit: loss?.type == .limit ? price(of: loss) : nil, base: isEntryPriced ? price(of: entry) : nil)
    if let contradiction = prices.contradiction { throw .contradictoryTerms(contradiction) }
  }
}

extension Trail {
  /// The same trail at another distance, given in 1/10000: dollars for an amount, percent for a fraction.
  fileprivate func replacing(_ value: Int64) throws(RejectReason) -> Trail {
    var trail = self
    switch distance {
    case .amount: trail.distance = .amount(value)
    case .fraction:
      guard value % 100 == 0 else {
        throw .contradictoryTerms("trail of an order with a trail_percent must have at most two decimals")
      }
      guard value < 1_000_000 else { throw .contradictoryTerms("trail of an order with a trail_percent must be < 100") }
      trail.distance = .fraction(value / 100)
    }
    guard trail.leavesRoom else { throw .contradictoryTerms("trail must be less than the price it trails") }
    return trail
  }
}
