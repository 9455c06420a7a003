/// How much a message matters.
public enum LogLevel: String, Hashable, Comparable, CaseIterable, Sendable {
  /// For finding faults; off in production.
  case debug
  /// What is done, now and then.
  case info
  /// What an operator wants to know: claims, hand-overs, starts and ends.
  case notice
  /// Something is wrong and is being dealt with.
  case warning
  /// Something is wrong and someone must look.
  case error

  private var rank: Int { Self.allCases.firstIndex(of: self)! }

  /// Whether `a` matters less.
  public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rank < b.rank }
}
