/// The reference price that an instrument's bands stand around: the mean price of the trades of the last five minutes, moved
/// only when it has changed by one percent and the present one has stood for half a minute.
///
/// Trades count alike, whatever their size, and are kept in sums of one second, so that any number of them takes the same room.
/// Times must not run backwards; one that does counts as the latest.
/// Source: Plan to Address Extraordinary Market Volatility, section V(A).
public struct BandReference: Hashable, Sendable {
  /// The trades of one second.
  private struct Second: Hashable, Sendable {
    var second: Int64
    var sum: Int64
    var count: Int64
  }

  /// How far back trades count: 300 seconds.
  public static let window: Int64 = 300
  /// How long a reference price stands at least: 30 seconds.
  public static let minimumLife: Int64 = 30

  /// The reference price in effect.
  public private(set) var price: Price
  private var since: Int64
  private var seconds: [Second] = []

  /// Begins with the price of the opening or reopening auction, or the previous close where there was none.
  public init(opening price: Price, at time: Timestamp) {
    self.price = price
    since = Self.second(time)
  }

  /// Takes note of a trade.
  public mutating func traded(at price: Price, time: Timestamp) {
    let second = max(Self.second(time), seconds.last?.second ?? .min)
    if seconds.last?.second == second {
      seconds[seconds.count - 1].sum += price.rawValue
      seconds[seconds.count - 1].count += 1
    } else {
      seconds.append(Second(second: second, sum: price.rawValue, count: 1))
    }
    forget(second)
  }

  /// Looks whether the reference price has to move.
  /// - Returns: Whether it did.
  @discardableResult
  public mutating func update(at time: Timestamp) -> Bool {
    let now = max(Self.second(time), seconds.last?.second ?? .min)
    forget(now)
    guard now - since >= Self.minimumLife, let mean, isFar(mean) else { return false }
    price = mean
    since = now
    return true
  }

  /// The mean of the trades that count, to the nearest 1/10000 dollar; nil without trades.
  private var mean: Price? {
    let (sum, count) = seconds.reduce((Int64(0), Int64(0))) { ($0.0 + $1.sum, $0.1 + $1.count) }
    return count == 0 ? nil : Price(rawValue: (sum + count / 2) / count)
  }

  /// Whether a mean is one percent or more away.
  private func isFar(_ mean: Price) -> Bool {
    let distance = (mean.rawValue - price.rawValue).magnitude
    return distance * 100 >= price.rawValue.magnitude
  }

  private mutating func forget(_ now: Int64) { seconds.removeAll { $0.second <= now - Self.window } }

  private static func second(_ time: Timestamp) -> Int64 { time.rawValue / 1_000_000 }
}
