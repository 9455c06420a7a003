package import Market
internal import Ports

/// How much of a position is to be sold.
package enum ClosedPortion: Hashable, Sendable {
  /// All shares that no open order holds.
  case all
  /// So many shares.
  case shares(Quantity)
  /// A part of the whole position in 10⁻⁶ of a percent, rounded down to whole shares.
  case millionths(Int64)

  /// How many shares of a position that is.
  func shares(of position: PositionRecord) throws(PortionRefusal) -> Quantity {
    let free = position.quantity - position.held
    switch self {
    case .all:
      guard free > .zero else { throw .lacking(position.quantity, position) }
      return free
    case .shares(let quantity):
      guard quantity <= free else { throw .lacking(quantity, position) }
      return quantity
    case .millionths(let part):
      let whole = Int64(Int128(position.quantity.rawValue) * Int128(part) / 100_000_000)
      guard whole > 0 else { throw .belowOneShare }
      guard whole <= free.rawValue else { throw .lacking(Quantity(rawValue: whole), position) }
      return Quantity(rawValue: whole)
    }
  }
}

/// Why a part of a position cannot be sold.
enum PortionRefusal: Error, Hashable {
  /// There is no such position.
  case noPosition
  /// The part is less than a share.
  case belowOneShare
  /// So many shares are not there or not free.
  case lacking(Quantity, PositionRecord)
}
