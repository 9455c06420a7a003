public import Market

extension OrderTerms {
  /// What contradicts what among the terms of an order, as a sentence; nil when nothing does.
  ///
  /// With such terms no order may come into a book, whoever brings it: a new order, a replacement, a leg of a class, a
  /// closing, an operator. What needs the ledger (identity, money, shares, own orders) is judged beside it.
  /// - Parameters:
  ///   - hasTrigger: Whether it waits for a trade, or has waited for one.
  ///   - orderClass: The class that it belongs to.
  public func contradiction(hasTrigger: Bool, orderClass: OrderClass) -> String? {
    Self.contradiction(type, timeInForce, postOnly: postOnly, hasTrigger: hasTrigger, orderClass: orderClass)
  }

  /// The same before quantity and price are known.
  public static func contradiction(
    _ type: OrderType, _ timeInForce: TimeInForce, postOnly: Bool, hasTrigger: Bool, orderClass: OrderClass
  ) -> String? {
    if postOnly {
      if hasTrigger { return "an order with a stop price cannot be post_only" }
      if type == .market { return "a market order cannot be post_only" }
      switch timeInForce {
      case .day, .gtc: break
      case .ioc, .fok: return "an ioc or fok order cannot be post_only"
      case .opg, .cls: return "an opg or cls order cannot be post_only"
      }
    }
    if timeInForce.isForAuction, hasTrigger { return "an opg or cls order cannot have a stop price" }
    if orderClass != .simple, timeInForce != .day, timeInForce != .gtc {
      return "\(orderClass) orders must have time_in_force day or gtc"
    }
    return nil
  }
}
