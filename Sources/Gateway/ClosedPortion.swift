internal import Market
internal import Ports
internal import Services

/// How much of a position is to be sold.
enum ClosedPortion: Hashable, Sendable {
  /// All shares that no open order holds.
  case all
  /// So many shares.
  case shares(Quantity)
  /// A part of the whole position in 10⁻⁶ of a percent, rounded down to whole shares.
  case millionths(Int64)

  /// Reads `qty` or `percentage`, which exclude each other.
  init(_ values: QueryValues) throws(APIError) {
    let percentage = values.text("percentage")
    switch (values.text("qty"), percentage) {
    case (nil, nil): self = .all
    case (_?, _?): throw .field("only one of qty or percentage is accepted", reason: "qty_and_percentage")
    case (let text?, nil):
      do throws(TicketRefusal) { self = .shares(try QuantityText(text).checked()) } catch { throw APIError(error) }
    case (nil, let text?):
      guard let part = try? Decimal4.scaled(text, fractionDigits: 6), (1...100_000_000).contains(part) else {
        throw .field("percentage must be > 0 and at most 100", reason: "invalid_percentage")
      }
      self = .millionths(part)
    }
  }

  /// How many shares of a position that is.
  /// - Throws: ``APIError`` when they are not there or not free.
  func shares(of position: PositionRecord, symbol: String) throws(APIError) -> Quantity {
    let free = position.quantity - position.held
    switch self {
    case .all:
      guard free > .zero else { throw Self.lacking(position.quantity, position, symbol) }
      return free
    case .shares(let quantity):
      guard quantity <= free else { throw Self.lacking(quantity, position, symbol) }
      return quantity
    case .millionths(let part):
      let whole = Int64(Int128(position.quantity.rawValue) * Int128(part) / 100_000_000)
      guard whole > 0 else {
        throw APIError(422, "qty must be > 0: the percentage is less than one share", reason: "qty_not_positive")
      }
      guard whole <= free.rawValue else { throw Self.lacking(Quantity(rawValue: whole), position, symbol) }
      return Quantity(rawValue: whole)
    }
  }

  private static func lacking(_ requested: Quantity, _ position: PositionRecord, _ symbol: String) -> APIError {
    APIError(
      .insufficientShares(
        requested: requested, available: position.quantity - position.held, owned: position.quantity,
        held: position.held),
      shares: ShareContext(symbol: symbol, relatedOrders: []))
  }
}
