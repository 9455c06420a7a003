/// A log row that has been processed.
public struct ProcessedEntry: Hashable, Sendable {
  /// The row.
  public var entry: LogEntry
  /// Whether it went into quarantine instead of being carried out.
  public var isQuarantined: Bool

  /// Makes an entry.
  public init(_ entry: LogEntry, isQuarantined: Bool) {
    self.entry = entry
    self.isQuarantined = isQuarantined
  }
}
