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
  /// The first field given that belongs to kinds of orders which are not supported: `stop_price`, `legs` …
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
}

/// Why a ticket is refused before anything is looked up or stored.
public enum TicketRefusal: Error, Hashable, Sendable {
  /// A required field is not there.
  case missing(TicketField)
  /// A field's value cannot be read.
  case malformed(TicketField)
  /// Both a number of shares and an amount of money.
  case quantityAndNotional
  /// A market order with a limit price.
  case limitPriceOfMarketOrder
  /// Well-formed, but of a kind that is not offered; the text names it, in words of ours or a known word of the client's.
  case unsupported(String)
  /// Not a whole number of shares.
  case fractionalQuantity
  /// A price finer than the grid allows, in the digits that were sent.
  case subPenny(String)
  /// The client order id is too long or holds control characters.
  case badClientOrderID
  /// A refusal that the ledger knows too.
  case rejected(RejectReason)
}
