internal import Market

/// What a run's orders became, by the gateway's own lists.
package struct FillSummary: Sendable {
  /// Orders listed, replaced ones included.
  package private(set) var listed = 0
  /// Orders filled to the last share.
  package private(set) var filled = 0
  /// Orders filled in part.
  package private(set) var partlyFilled = 0
  package private(set) var sharesBought: Int64 = 0
  package private(set) var sharesSold: Int64 = 0
  /// Orders that the matcher had still not taken up.
  package private(set) var pending = 0
  /// Orders refused by the matcher after acceptance.
  package private(set) var rejected = 0
  /// From `submitted_at` to `filled_at`, by the server's clock, of immediate orders filled to the last share: of resting
  /// orders it would be the time until someone came.
  package private(set) var acceptToFill = LatencyHistogram()

  private let prefix: String
  private let keepsFills: Bool
  /// Shares filled, by the row of the order's entry, where it is not 0.
  private var fills: [Int: Int64] = [:]

  /// Counts orders whose `client_order_id` begins with the run's tag and a dash.
  package init(run: String, keepsFills: Bool) {
    prefix = run + "-"
    self.keepsFills = keepsFills
  }

  /// Takes a listed order; other runs' orders do not count.
  package mutating func take(_ order: ListedOrder) {
    guard order.clientOrderID.hasPrefix(prefix) else { return }
    listed += 1
    pending += order.isPending ? 1 : 0
    rejected += order.status == "rejected" ? 1 : 0
    // What a replaced order had filled is part of what its replacement has.
    guard order.status != "replaced", order.filled > 0 else { return }
    if order.status == "filled" { filled += 1 } else { partlyFilled += 1 }
    switch order.side {
    case .buy: sharesBought += order.filled
    case .sell: sharesSold += order.filled
    }
    if order.isImmediate, order.status == "filled", let end = order.filledAt {
      acceptToFill.record(end.microseconds(since: order.submittedAt) * 1000)
    }
    if keepsFills, let row = Int(order.clientOrderID.dropFirst(prefix.count).prefix { $0 != "." }) {
      fills[row] = max(fills[row] ?? 0, order.filled)
    }
  }

  /// Compares with what the recording filled.
  package func compared(with expected: [Int: Int64]) -> FillComparison {
    var comparison = FillComparison()
    for row in Set(expected.keys).union(fills.keys).sorted() {
      comparison.add(row: row, expected: expected[row] ?? 0, seen: fills[row] ?? 0)
    }
    return comparison
  }
}

/// Recorded and seen fills, order by order.
package struct FillComparison: Sendable, Equatable {
  /// Orders that traded in the recording or here.
  package private(set) var orders = 0
  /// Those that traded the same number of shares.
  package private(set) var equal = 0
  package private(set) var sharesExpected: Int64 = 0
  package private(set) var sharesSeen: Int64 = 0
  /// The first row whose order differs: row, expected and seen shares.
  package private(set) var firstDifference: Difference?

  /// An order that traded otherwise than recorded.
  package struct Difference: Sendable, Equatable {
    package var row: Int
    package var expected: Int64
    package var seen: Int64
  }

  /// Every order traded as recorded.
  package var isEqual: Bool { orders == equal }

  mutating func add(row: Int, expected: Int64, seen: Int64) {
    orders += 1
    sharesExpected += expected
    sharesSeen += seen
    if expected == seen {
      equal += 1
    } else if firstDifference == nil {
      firstDifference = Difference(row: row, expected: expected, seen: seen)
    }
  }
}
