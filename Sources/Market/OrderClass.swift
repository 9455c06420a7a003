/// Orders that belong together (Alpaca's order_class). Raw values are stored.
@frozen
public enum OrderClass: UInt8, Hashable, Sendable, CaseIterable {
  /// One order by itself.
  case simple = 0
  /// An entry, and a take-profit and a stop-loss that wait for it.
  case bracket = 1
  /// A take-profit and a stop-loss without an entry: one cancels the other.
  case oco = 2
  /// An entry, and one of both that waits for it.
  case oto = 3
}

/// What an order is to its class. Raw values are stored.
@frozen
public enum OrderRole: UInt8, Hashable, Sendable, CaseIterable {
  /// An order by itself, or the entry of its class.
  case main = 0
  /// The exit that takes a profit: a limit order.
  case takeProfit = 1
  /// The exit that stops a loss: a stop or stop-limit order.
  case stopLoss = 2

  /// Whether it closes what an entry opened.
  public var isExit: Bool { self != .main }
}

/// Where an open order stands once its command has been carried out. Raw values are stored.
@frozen
public enum OrderPhase: UInt8, Hashable, Sendable, CaseIterable {
  /// In the book.
  case working = 0
  /// Outside the book, until a trade reaches its stop.
  case waiting = 1
  /// Outside the book, until the entry of its class is completely filled.
  case held = 2
}

/// What an exit asks for beside what it has in common with the order that brings it: account, instrument, quantity and
/// time in force.
public struct LegTerms: Hashable, Sendable {
  /// What it is for.
  public var role: OrderRole
  /// How it is priced once it is in the book.
  public var type: OrderType
  /// The limit price, or the protection price of a stop order without one.
  public var price: Price
  /// The price that sends a stop-loss to the book.
  public var stop: Price?

  /// Names terms.
  public init(_ role: OrderRole, _ type: OrderType, at price: Price, stop: Price?) {
    self.role = role
    self.type = type
    self.price = price
    self.stop = stop
  }

  /// A take-profit.
  public init(takeProfitAt price: Price) { self.init(.takeProfit, .limit, at: price, stop: nil) }

  /// Its stop, as the trigger of its order row.
  public var trigger: Trigger? { stop.map { Trigger(stop: $0) } }
}

/// An exit as the command that places its class carries it. It has its own identifier and its own order row.
public struct OrderLeg: Hashable, Sendable {
  /// Its public identifier.
  public var id: OrderID
  /// What it asks for.
  public var terms: LegTerms

  /// Makes a leg.
  public init(id: OrderID, _ terms: LegTerms) {
    self.id = id
    self.terms = terms
  }

  /// Which order of its log row it is: 1 or 2; 0 is the order that brings it.
  public var number: UInt8 { terms.role.rawValue }
}
