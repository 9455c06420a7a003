internal import Lifecycle
package import Market

/// How many failures each address may cause in a span: token buckets, one an address.
///
/// Only what failed is charged, so any number of clients behind one address go on unhindered as long as they are right.
package final class AddressBudget: Sendable {
  /// Most addresses; when it is reached those whose buckets are full are forgotten, and with none of these all.
  private static let maximumAddresses = 50_000

  private let interval: Int64
  private let burst: Int64
  /// When each address's bucket would be full if nothing more came.
  private let buckets = Lock<[[UInt8]: Timestamp]>([:])

  /// Makes buckets.
  /// - Parameters:
  ///   - perSecond: Tokens that come back a second; 0 for no bound.
  ///   - burst: Tokens that are there at once.
  package init(perSecond: Int, burst: Int) {
    interval = perSecond > 0 ? max(1, 1_000_000 / Int64(perSecond)) : 0
    self.burst = Int64(max(1, min(burst, 1_000_000)))
  }

  /// After how long an address may try again, in whole seconds; nil when it may now.
  package func refusal(of address: String, now: Timestamp) -> Duration? {
    guard interval > 0 else { return nil }
    let fullAt = buckets.withLock { $0.isEmpty ? nil : $0[Array(address.utf8)] }
    guard let fullAt else { return nil }
    let after = min(fullAt.microseconds(since: now), burst * interval) + interval
    return after <= burst * interval ? nil : .seconds(max(1, (after - burst * interval + 999_999) / 1_000_000))
  }

  /// Takes a token from an address, if there is one.
  package func charge(_ address: String, now: Timestamp) {
    guard interval > 0 else { return }
    let key = Array(address.utf8)
    buckets.withLock { buckets in
      if buckets.count >= Self.maximumAddresses { buckets = buckets.filter { $0.value > now } }
      if buckets.count >= Self.maximumAddresses { buckets.removeAll() }
      let used = min(max(0, (buckets[key] ?? now).microseconds(since: now)), burst * interval)
      buckets[key] = now.advanced(byMicroseconds: min(used + interval, burst * interval))
    }
  }
}
