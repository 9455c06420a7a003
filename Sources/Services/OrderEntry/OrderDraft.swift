public import Market

/// A new order whose fields are well-formed; quantity and price wait for their bounds, the symbol for its instrument.
public struct OrderDraft: Hashable, Sendable {
  /// Symbol or asset identifier.
  public var symbol: String
  /// The number of shares as it was read.
  public var quantity: QuantityText
  /// Whether it buys or sells.
  public var side: Side
  /// How it is priced.
  public var type: OrderType
  /// How long it lives.
  public var timeInForce: TimeInForce
  /// The limit price; nil for market orders.
  public var limitPrice: PriceText?
  /// What it waits for; nil for one that goes to the book at once.
  public var condition: DraftCondition?
  /// The class that it stands at the head of.
  public var orderClass: OrderClass
  /// The limit price of its take-profit; of an OCO its own.
  public var takeProfit: PriceText?
  /// Its stop-loss.
  public var stopLoss: DraftStopLoss?
  /// Rejected instead of trading at entry.
  public var postOnly: Bool
  /// The client's choice for meeting its own orders; nil refuses at entry.
  public var selfTradePrevention: SelfTradePrevention?
  /// The client's name for it; nil when it gave none.
  public var clientOrderID: String?
  /// The client's name for its take-profit; nil when it gave none, and of an OCO, which is its own take-profit.
  public var takeProfitClientOrderID: String?
  /// The client's name for its stop-loss; nil when it gave none.
  public var stopLossClientOrderID: String?
  /// What the client means it to do to the position; nil when it says nothing.
  public var positionIntent: PositionIntent?
}

extension OrderDraft {
  /// The client's name for an order of the class that it brings along.
  public func clientOrderID(of role: OrderRole) -> String? {
    switch role {
    case .main: clientOrderID
    case .takeProfit: takeProfitClientOrderID
    case .stopLoss: stopLossClientOrderID
    }
  }

  /// Whether its terms are measured by the price of the latest trade.
  public var needsLastPrice: Bool {
    switch condition {
    case .trailing?: return true
    case .stop?: return false
    case nil: return type == .market
    }
  }
}

/// What an order waits for, as it was read.
public enum DraftCondition: Hashable, Sendable {
  /// A trade at this price or beyond.
  case stop(PriceText)
  /// A trade at this distance behind the best one.
  case trailing(Trail.Distance)
}

/// A stop-loss as it was read.
public struct DraftStopLoss: Hashable, Sendable {
  /// The price that sends it to the book.
  public var stop: PriceText
  /// Its limit price; nil for a market order.
  public var limit: PriceText?
}

/// A new order that keeps within the bounds and fits its instrument.
public struct CheckedOrder: HasOrderTerms, Hashable, Sendable {
  /// What it asks for: a quantity from 1 to ``Quantity/maximum``, a price on the grid.
  public var terms: OrderTerms
  /// What it waits for.
  public var trigger: Trigger?
  /// The exits that it brings along, the take-profit first; their prices on the grid.
  public var legs: [LegTerms] = []
}

/// A replacement whose fields are well-formed.
public struct OrderChange: Hashable, Sendable {
  /// What is to be another.
  public var terms: ChangedTerms
  /// The client's name for the new order; nil when it gave none.
  public var clientOrderID: String?
}

/// A decimal that was read exactly, or known to be too large or too fine to be.
enum ReadDecimal: Hashable, Sendable {
  case exact(Int64)
  case tooFine(isNegative: Bool)
  case outOfRange(isNegative: Bool)

  /// Nil when the text is not a decimal number.
  init?(_ text: String, fractionDigits: Int) {
    do {
      self = .exact(try Decimal4.scaled(text, fractionDigits: fractionDigits))
    } catch {
      let isNegative = text.utf8.first == UInt8(ascii: "-")
      switch error {
      case .malformed: return nil
      case .tooFine: self = .tooFine(isNegative: isNegative)
      case .outOfRange: self = .outOfRange(isNegative: isNegative)
      }
    }
  }
}

/// A number of shares as it was read, its bounds not yet checked.
public struct QuantityText: Hashable, Sendable {
  private let decimal: ReadDecimal

  /// Reads a decimal number.
  public init(_ text: String) throws(TicketRefusal) {
    guard let decimal = ReadDecimal(text, fractionDigits: 0) else { throw .malformed(.quantity) }
    self.decimal = decimal
  }

  /// A number that is known.
  init(_ quantity: Quantity) { decimal = .exact(quantity.rawValue) }

  /// The number, if it is whole and from 1 to ``Quantity/maximum``.
  public func checked() throws(TicketRefusal) -> Quantity {
    switch decimal {
    case .exact(let shares):
      guard shares > 0 else { throw .rejected(.quantityNotPositive) }
      guard shares <= Quantity.maximum.rawValue else { throw .rejected(.quantityTooLarge) }
      return Quantity(rawValue: shares)
    case .tooFine(let isNegative): throw isNegative ? .rejected(.quantityNotPositive) : .fractionalQuantity
    case .outOfRange(let isNegative): throw .rejected(isNegative ? .quantityNotPositive : .quantityTooLarge)
    }
  }
}

/// A price as it was read, its bounds and grid not yet checked.
public struct PriceText: Hashable, Sendable {
  private let text: String
  private let decimal: ReadDecimal
  private let field: TicketField

  /// Reads a decimal number.
  public init(_ text: String, _ field: TicketField = .limitPrice) throws(TicketRefusal) {
    guard let decimal = ReadDecimal(text, fractionDigits: 4) else { throw .malformed(field) }
    self.text = text
    self.decimal = decimal
    self.field = field
  }

  /// The price, if it is positive, not above ``Price/maximum`` and on the grid.
  func checked() throws(TicketRefusal) -> Price {
    switch decimal {
    case .exact(let value):
      let price = Price(rawValue: value)
      guard value > 0, price <= .maximum else { throw outOfRange }
      guard price.isOnGrid else { throw subPenny }
      return price
    case .tooFine(let isNegative): throw isNegative ? outOfRange : subPenny
    case .outOfRange: throw outOfRange
    }
  }

  private var outOfRange: TicketRefusal {
    field == .limitPrice ? .rejected(.priceOutOfRange) : .outOfRange(field)
  }

  private var subPenny: TicketRefusal { field == .limitPrice ? .subPenny(text) : .subPennyIn(field, text) }

  /// Equal prices are equal however they were written.
  public static func == (a: PriceText, b: PriceText) -> Bool { a.decimal == b.decimal }

  /// Hashes the value, not how it was written.
  public func hash(into hasher: inout Hasher) { hasher.combine(decimal) }
}
