public import Market

/// What a list of instruments says of one.
public struct InstrumentListing: Hashable, Sendable {
  /// The codes of exchanges that clients know; the empty one is for what is listed nowhere.
  public static let exchanges = ["NASDAQ", "NYSE", "ARCA", "AMEX", "BATS", "OTC", ""]
  /// The longest name, in bytes.
  public static let maximumNameBytes = 200

  /// The ticker.
  public var symbol: Symbol
  /// The company or fund behind it.
  public var name: String
  /// One of ``exchanges``.
  public var exchange: String
  /// What market orders are protected around before the first trade; nil when it is not known.
  public var referencePrice: Price?

  /// Why a listing is not one.
  public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong and what would be right.
    public let description: String

    /// Says what is wrong.
    public init(description: String) { self.description = description }
  }

  /// Takes what is stored as it is.
  package init(symbol: Symbol, name: String, exchange: String, referencePrice: Price?) {
    self.symbol = symbol
    self.name = name
    self.exchange = exchange
    self.referencePrice = referencePrice
  }

  /// Checks texts.
  /// - Parameter referencePrice: A decimal; empty for none.
  /// - Throws: ``Refusal`` for the first that is wrong.
  public init(symbol: String, name: String, exchange: String, referencePrice: String) throws(Refusal) {
    guard let ticker = Symbol(symbol) else {
      throw Refusal(description: "\"\(symbol)\" is not a symbol: 1 to 12 of A-Z, 0-9, . and -, a letter first")
    }
    guard (1...Self.maximumNameBytes).contains(name.utf8.count), !name.utf8.contains(0) else {
      throw Refusal(
        description: "the name of \(symbol) has \(name.utf8.count) bytes; it may have 1 to \(Self.maximumNameBytes)")
    }
    guard Self.exchanges.contains(exchange) else {
      let known = Self.exchanges.dropLast().joined(separator: ", ")
      throw Refusal(description: "\"\(exchange)\" is not an exchange; there are \(known), or nothing")
    }
    self.symbol = ticker
    self.name = name
    self.exchange = exchange
    guard !referencePrice.isEmpty else { return }
    guard let price = Price(referencePrice), price.rawValue > 0, price <= .maximum else {
      throw Refusal(
        description:
          "\"\(referencePrice)\" is not a price above 0 and up to \(Price.maximum) with at most four decimals")
    }
    self.referencePrice = price
  }
}
