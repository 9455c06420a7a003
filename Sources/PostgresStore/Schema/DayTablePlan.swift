package import Market

/// One table of one UTC day.
package struct DayTable: Hashable, Sendable, CustomStringConvertible {
  /// The day.
  package var day: Day
  /// The table that it is attached to.
  package var parent: String

  /// Names a table.
  package init(_ parent: String, of day: Day) {
    self.day = day
    self.parent = parent
  }

  /// As the database names it: `orders_20260102`.
  package var description: String { "\(parent)_\(day.compact)" }
}

/// Decides which of the missing days' tables are made now.
package enum DayTablePlan {
  /// How long after midnight (UTC) the coming days are left alone: everybody turns to a new day's tables then.
  package static let rest: Int64 = 10 * 60 * 1_000_000
  /// How many tables are made in one go at most: a leader has other duties.
  package static let portion = 12

  /// What is made now, in this order: today's at once and whatever the hour, then the coming days', then those of days
  /// that are over, which are needed by clocks that are slow.
  /// - Parameters:
  ///   - missing: In the order in which a day's tables are made.
  ///   - now: By the database's clock.
  package static func due(_ missing: [DayTable], at now: Timestamp) -> [DayTable] {
    let today = missing.filter { $0.day == now.day }
    let isResting = now.rawValue - Int64(now.day.rawValue) * 86_400_000_000 < rest
    let others = isResting ? [] : missing.filter { $0.day > now.day } + missing.filter { $0.day < now.day }
    return Array((today + others).prefix(portion))
  }
}
