package import Market
package import Ports

/// How an account stood at the last close, told from what it has now and what has moved since.
package struct DayStart: Sendable {
  /// The close.
  package var moment: Timestamp
  /// What has moved since.
  package var movements: [AccountMovement]
  /// Prices of the last trades before the close.
  package var closes: [InstrumentID: Price]

  /// Shares of an instrument at the close.
  package func shares(of instrument: InstrumentID, now quantity: Quantity) -> Int64 {
    Self.shares(of: instrument, now: quantity, movements)
  }

  private static func shares(
    of instrument: InstrumentID, now quantity: Quantity, _ movements: [AccountMovement]
  ) -> Int64 {
    movements.reduce(quantity.rawValue) { rest, movement in
      movement.instrument == instrument ? rest.saturatingSum(-movement.amount) : rest
    }
  }

  /// Cash and shares at the close, these at the prices of the close; shares without any price are left out. An account that
  /// was opened since begins with what has been brought in: there was no close for it.
  /// - Parameter referencePrice: The price of an instrument that has never traded; nil when it has none.
  package func equity(of snapshot: AccountSnapshot, referencePrice: (InstrumentID) -> Price?) -> Money {
    let movements = snapshot.account.createdAt > moment ? movements.filter { !$0.isExternal } : movements
    func shares(of instrument: InstrumentID, now quantity: Quantity) -> Int64 {
      Self.shares(of: instrument, now: quantity, movements)
    }
    var equity = movements.reduce(snapshot.account.cash.rawValue) { rest, movement in
      movement.instrument == nil ? rest.saturatingSum(-movement.amount) : rest
    }
    let owned = Dictionary(
      snapshot.positions.map { ($0.instrument, $0.quantity) }, uniquingKeysWith: { first, _ in first })
    for instrument in Set(owned.keys).union(movements.compactMap(\.instrument)) {
      let shares = shares(of: instrument, now: owned[instrument] ?? .zero)
      guard shares != 0, let price = closes[instrument] ?? referencePrice(instrument) else { continue }
      equity = equity.saturatingSum(price.rawValue.saturatingProduct(shares))
    }
    return Money(rawValue: equity)
  }

  /// What the shares of a position were worth when the day began for them: at the close, or when they were bought since.
  /// Shares that were sold since are taken from those that were there at the close first.
  /// - Returns: Nil when there were shares at the close and nobody knows a price.
  package func basis(of position: PositionRecord, lastDayPrice: Price?) -> Money? {
    let own = movements.filter { $0.instrument == position.instrument }
    let bought = own.reduce(Int64(0)) { $0 + $1.bought.rawValue }
    let boughtValue = own.reduce(Int64(0)) { $0.saturatingSum($1.boughtValue.rawValue) }
    let traded = own.reduce(Int64(0)) { $0 + ($1.isExternal ? 0 : $1.amount) }
    let sold = bought - traded
    let carried = min(
      max(0, shares(of: position.instrument, now: position.quantity) - sold), position.quantity.rawValue)
    let fresh = position.quantity.rawValue - carried
    var basis = Int64(0)
    if carried > 0 {
      guard let lastDayPrice else { return nil }
      basis = lastDayPrice.rawValue.saturatingProduct(carried)
    }
    guard fresh > 0 else { return Money(rawValue: basis) }
    // Shares that came without a purchase count at what they cost.
    let (value, count) = bought > 0 ? (boughtValue, bought) : (position.cost.rawValue, position.quantity.rawValue)
    let worth = Int64(clamping: Int128(value) * Int128(fresh) / Int128(count))
    return Money(rawValue: basis.saturatingSum(worth))
  }
}
