/// How what streams got differs from what the ledger has.
package struct StreamVerdict: Sendable, Equatable {
  /// Events that did not come.
  package var missing = 0
  /// Events that came again.
  package var doubled = 0
  /// Events that came behind later ones.
  package var outOfOrder = 0
  /// Events that the ledger does not have for the account.
  package var unknown = 0

  /// Nothing differs.
  package init() {}

  /// Judges one stream.
  /// - Parameters:
  ///   - received: The times of the events as they came; an account has one event at a time.
  ///   - expected: The times of the account's events, ascending.
  package init(received: [Int64], expected: [Int64]) {
    let known = Set(expected)
    var seen = Set<Int64>()
    var latest = Int64.min
    for time in received {
      guard known.contains(time) else {
        unknown += 1
        continue
      }
      guard seen.insert(time).inserted else {
        doubled += 1
        continue
      }
      if time < latest { outOfOrder += 1 }
      latest = max(latest, time)
    }
    missing = known.count - seen.count
  }

  /// Adds another stream's.
  package mutating func add(_ other: StreamVerdict) {
    missing += other.missing
    doubled += other.doubled
    outOfOrder += other.outOfOrder
    unknown += other.unknown
  }
}
