internal import Market

/// When which minute's bars are told: each once, a moment after its end, and looked at again later.
struct BarSchedule {
  /// What is due.
  enum Due: Hashable {
    /// The bars of the minute that begins here are to be told.
    case publish(Timestamp)
    /// They are to be read again; those that changed are to be told.
    case review(Timestamp)
  }

  static let minute: Int64 = 60_000_000

  private let settings: MarketHubSettings
  /// The minute that is told next.
  private var next: Timestamp?
  private var reviews: [Timestamp] = []

  init(_ settings: MarketHubSettings) { self.settings = settings }

  /// Begins with the present minute, if it has not begun: somebody follows from now on.
  mutating func begin(now: Timestamp) { if next == nil { next = BarFrame.minutes(1).start(of: now) } }

  /// What is due now, in order; the first time nothing is: minutes before somebody follows are history.
  mutating func due(now: Timestamp) -> [Due] {
    let current = BarFrame.minutes(1).start(of: now)
    guard var minute = next, minute <= current else {
      next = current
      return []
    }
    minute = max(minute, current.advanced(byMicroseconds: -settings.lateMinutes * Self.minute))
    var due: [Due] = []
    while now >= minute.advanced(byMicroseconds: Self.minute).advanced(by: settings.barDelay) {
      due.append(.publish(minute))
      reviews.append(minute)
      minute = minute.advanced(byMicroseconds: Self.minute)
    }
    next = minute
    while let first = reviews.first,
      now >= first.advanced(byMicroseconds: Self.minute).advanced(by: settings.updateDelay)
    {
      due.append(.review(first))
      reviews.removeFirst()
    }
    return due
  }
}
