internal import APIKit
internal import ClientKit
internal import Market
internal import Services

extension APIError {
  /// What a refused order is answered.
  init(_ refusal: OrderRefusal) {
    switch refusal {
    case .ticket(let refusal): self.init(refusal)
    case .rejected(let reason, let shares): self.init(reason, shares: shares)
    case .noPosition: self = .noPosition
    case .portionBelowOneShare:
      self.init(422, "qty must be > 0: the percentage is less than one share", reason: "qty_not_positive")
    }
  }
}

extension APIError {
  /// What a refused ticket is answered.
  init(_ refusal: TicketRefusal) {
    switch refusal {
    case .missing(let field): self = .field(Self.text(missing: field), reason: "missing_\(field.rawValue)")
    case .malformed(let field): self = .field(Self.text(malformed: field), reason: "invalid_\(field.rawValue)")
    case .quantityAndNotional:
      self = .field("only one of qty or notional is accepted", reason: "qty_and_notional")
    case .priceOfMarketOrder:
      self = .field("market orders require no stop or limit price", reason: "price_of_market_order")
    case .stopPriceOfLimitOrder:
      self = .field("limit orders require no stop price", reason: "stop_price_of_limit_order")
    case .unsupported(let what): self.init(422, "\(what) not supported", reason: "not_supported")
    case .fractionalQuantity:
      self.init(
        422, "qty must be a whole number of shares: fractional orders are not supported", reason: "fractional_qty")
    case .subPenny(let text): self.init(422, Self.subPenny(text), reason: "sub_penny_price")
    case .subPennyIn(let field, let text):
      self.init(422, Self.subPenny(text, of: field.rawValue), reason: "sub_penny_price")
    case .outOfRange(let field):
      self.init(422, "\(field.rawValue) must be > 0 and at most \(Price.maximum)", reason: "price_out_of_range")
    case .contradiction(let text): self.init(422, text, reason: "contradictory_terms")
    case .badClientOrderID:
      self = .field(
        "client_order_id must be at most \(OrderRules.maximumClientOrderIDLength) characters without control characters",
        reason: "invalid_client_order_id")
    case .rejected(let reason): self.init(reason)
    }
  }

  /// What a refusal is answered.
  init(_ reason: RejectReason, shares: ShareContext? = nil) {
    switch reason {
    case .unknownSymbol(let symbol): self.init(422, "asset \"\(symbol)\" not found", reason: "unknown_symbol")
    case .notTradable(let symbol):
      self.init(422, "asset \"\(symbol)\" is not tradable at present", reason: "not_tradable")
    case .subPennyPrice(let price): self.init(422, Self.subPenny(price.description), reason: "sub_penny_price")
    case .priceOutOfRange:
      self.init(422, "limit_price must be > 0 and at most \(Price.maximum)", reason: "price_out_of_range")
    case .quantityNotPositive: self.init(422, "qty must be > 0", reason: "qty_not_positive")
    case .quantityTooLarge: self.init(422, "qty must be at most \(Quantity.maximum)", reason: "qty_too_large")
    case .notionalTooLarge: self.init(422, "the value of the order is too large", reason: "notional_too_large")
    case .beyondBound(.quantity(let most)):
      self.init(403, "the order is larger than the \(most) shares that are allowed", reason: "quantity_limit")
    case .beyondBound(.notional(let most)):
      self.init(403, "the order is worth more than the $\(most) that are allowed", reason: "notional_limit")
    case .beyondBound(.collar(let price)):
      self.init(
        403, "the order's price is too far from the last price: trading beyond \(price) is not allowed",
        reason: "price_collar")
    case .noProtectionPrice(let symbol):
      self.init(
        422, "market orders for \"\(symbol)\" need a last price and there is none yet: send a limit order",
        reason: "no_protection_price")
    case .contradictoryTerms(let text): self.init(422, text, reason: "contradictory_terms")
    case .marketClosed:
      self.init(422, "ioc and fok orders are accepted only while the market is open", reason: "market_closed")
    case .positionIntent(let inferred, let specified):
      self.init(
        422, "position intent mismatch, inferred: \(inferred.rawValue), specified: \(specified.rawValue)",
        reason: "position_intent_mismatch")
    case .shortSale: self.init(403, "account is not allowed to short", reason: "short_sale")
    case .accountBlocked: self.init(403, "account is not allowed to trade", reason: "account_blocked")
    case .tradingSuspended:
      self.init(
        403, "trading is suspended: suspend_trade is set in the account's configuration", reason: "trading_suspended")
    case .staleCredential: self = .staleCredential
    case .insufficientBuyingPower(let available, let required):
      self.init(403, "insufficient buying power", reason: "insufficient_buying_power")
      details = [
        ("buying_power", .decimal4(max(0, available.rawValue))), ("cost_basis", .decimal4(required.rawValue)),
      ]
    case .insufficientShares(let requested, let available, let owned, let held):
      self.init(
        403, "insufficient qty available for order (requested: \(requested), available: \(available))",
        reason: "insufficient_shares")
      details = [
        ("available", .count(available.rawValue)), ("existing_qty", .count(owned.rawValue)),
        ("held_for_orders", .count(held.rawValue)),
        ("related_orders", .texts(shares?.relatedOrders.map(\.description) ?? [])),
      ]
      if let shares { details.insert(("symbol", .text(shares.symbol)), at: 0) }
    case .selfCross(let existing):
      self.init(403, "potential wash trade detected. use complex orders", reason: "self_cross")
      details = [
        ("reject_reason", .text("opposite side limit order exists")),
        ("existing_order_id", .text(existing.description)),
      ]
    case .duplicateClientOrderID:
      self = .field("client_order_id must be unique", reason: "duplicate_client_order_id")
    case .idempotencyKeyReused:
      self = .field("Idempotency-Key was used for a different request", reason: "idempotency_key_reused")
    case .orderNotFound(let id): self = .orderNotFound(id.description)
    case .orderClosed(let status):
      let shown = ShownStatus(status, pending: .none, processed: true)
      self.init(422, "order is already in \"\(shown.rawValue)\" state", reason: "order_closed")
    case .orderNotReplaceable(.replaced): self.init(422, "order already replaced", reason: "order_not_replaceable")
    case .orderNotReplaceable(let status):
      self.init(422, "cannot replace order in \(status.rawValue) status", reason: "order_not_replaceable")
    case .quantityNotAboveFilled: self.init(422, "qty must be > filled_qty", reason: "qty_not_above_filled")
    case .nothingChanged: self.init(422, "order parameters are not changed", reason: "nothing_changed")
    }
  }

  private static func subPenny(_ text: String, of field: String = "limit_price") -> String {
    "invalid \(field) \(text). sub-penny increment does not fulfill minimum pricing criteria"
  }

  private static func text(missing field: TicketField) -> String {
    switch field {
    case .quantity: return "qty or notional is required"
    case .limitPrice: return "limit orders require a limit price"
    case .type: return "invalid order type"
    case .timeInForce: return "invalid time_in_force"
    case .side: return "invalid side"
    case .symbol, .notional, .clientOrderID, .orderClass, .extendedHours, .postOnly, .selfTradePrevention, .stopPrice,
      .trailPrice, .trailPercent, .trail, .takeProfit, .takeProfitLimit, .stopLoss, .stopLossStop, .stopLossLimit,
      .takeProfitClientOrderID, .stopLossClientOrderID, .positionIntent:
      return "\(field.rawValue) is required"
    }
  }

  private static func text(malformed field: TicketField) -> String {
    field == .type ? "invalid order type" : "invalid \(field.rawValue)"
  }
}
