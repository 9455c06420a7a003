public import Market

/// A new order as a client wrote it: nothing checked yet but the kinds of its fields. Absent, null and empty are nil.
public struct OrderTicket: Hashable, Sendable {
  /// Symbol or asset identifier.
  public var symbol: String?
  /// Shares, as the digits that were sent.
  public var quantity: String?
  /// Money instead of shares.
  public var notional: String?
  /// `buy` or `sell`.
  public var side: String?
  /// `limit`, `market` …
  public var type: String?
  /// `day`, `gtc`, `ioc`, `fok` …
  public var timeInForce: String?
  /// The limit price, as the digits that were sent.
  public var limitPrice: String?
  /// The client's name for the order.
  public var clientOrderID: String?
  /// `simple`, `bracket` …
  public var orderClass: String?
  /// Trade outside of the session.
  public var extendedHours = false
  /// Rejected instead of trading at entry.
  public var postOnly = false
  /// `cancel_newest`, `cancel_oldest` or `cancel_both`.
  public var selfTradePrevention: String?
  /// The stop price, as the digits that were sent.
  public var stopPrice: String?
  /// How far a trailing stop stays behind, in dollars, as the digits that were sent.
  public var trailPrice: String?
  /// How far a trailing stop stays behind, in percent, as the digits that were sent.
  public var trailPercent: String?
  /// Whether there is a take-profit or a stop-loss, whatever it says.
  public var hasExits = false
  /// The limit price of the take-profit; nil when there is none.
  public var takeProfitLimit: String?
  /// The stop price of the stop-loss; nil when there is none.
  public var stopLossStop: String?
  /// The limit price of the stop-loss; nil when it has none.
  public var stopLossLimit: String?
  /// The client's name for the take-profit.
  public var takeProfitClientOrderID: String?
  /// The client's name for the stop-loss.
  public var stopLossClientOrderID: String?
  /// `buy_to_open` …
  public var positionIntent: String?
  /// The first field given that belongs to kinds of orders which are not supported: `legs` …
  public var unsupportedField: String?

  /// An empty ticket.
  public init() {}
}

/// A change of an order as a client wrote it. Absent, null and empty are nil: the term stays.
public struct ReplaceTicket: Hashable, Sendable {
  /// The whole new quantity, as the digits that were sent.
  public var quantity: String?
  /// The new limit price, as the digits that were sent.
  public var limitPrice: String?
  /// The new stop price, as the digits that were sent.
  public var stopPrice: String?
  /// The new distance of a trailing stop, as the digits that were sent.
  public var trail: String?
  /// The new time in force.
  public var timeInForce: String?
  /// The client's name for the new order.
  public var clientOrderID: String?
  /// The first field given that belongs to kinds of orders which are not supported.
  public var unsupportedField: String?

  /// An empty ticket.
  public init() {}
}

/// A field of a ticket or a query, by the name clients give it.
public enum TicketField: String, Hashable, Sendable {
  case symbol
  case quantity = "qty"
  case notional
  case side
  case type
  case timeInForce = "time_in_force"
  case limitPrice = "limit_price"
  case clientOrderID = "client_order_id"
  case orderClass = "order_class"
  case extendedHours = "extended_hours"
  case postOnly = "post_only"
  case selfTradePrevention = "self_trade_prevention"
  case stopPrice = "stop_price"
  case trailPrice = "trail_price"
  case trailPercent = "trail_percent"
  case trail
  case takeProfit = "take_profit"
  case takeProfitLimit = "take_profit.limit_price"
  case stopLoss = "stop_loss"
  case stopLossStop = "stop_loss.stop_price"
  case stopLossLimit = "stop_loss.limit_price"
  case takeProfitClientOrderID = "take_profit.client_order_id"
  case stopLossClientOrderID = "stop_loss.client_order_id"
  case positionIntent = "position_intent"
}

/// Why a ticket is refused before anything is looked up or stored.
public enum TicketRefusal: Error, Hashable, Sendable {
  /// A required field is not there.
  case missing(TicketField)
  /// A field's value cannot be read.
  case malformed(TicketField)
  /// Both a number of shares and an amount of money.
  case quantityAndNotional
  /// A market order with a limit price or a stop price.
  case priceOfMarketOrder
  /// A limit order with a stop price.
  case stopPriceOfLimitOrder
  /// Well-formed, but of a kind that is not offered; the text names it, in words of ours or a known word of the client's.
  case unsupported(String)
  /// Not a whole number of shares.
  case fractionalQuantity
  /// A limit price finer than the grid allows, in the digits that were sent.
  case subPenny(String)
  /// Another price finer than the grid allows, in the digits that were sent.
  case subPennyIn(TicketField, String)
  /// Another price that is not positive or above ``Price/maximum``.
  case outOfRange(TicketField)
  /// Fields that do not go together, in the words of the answer.
  case contradiction(String)
  /// The client order id is too long or holds control characters.
  case badClientOrderID
  /// A refusal that the ledger knows too.
  case rejected(RejectReason)
}
