/// Keeps a line that would be written again and again to one a period: the first at once, then one with the count of all that
/// came since.
public struct RepeatedLines<Key: Hashable & Sendable>: Sendable {
  private struct State {
    var writtenAt: ContinuousClock.Instant
    var kept: Int
  }

  private let period: Duration
  private var states: [Key: State] = [:]

  /// Writes a line about the same key once a `period` at most.
  public init(period: Duration) { self.period = period }

  /// Takes note of events; keys are to be few, for none is forgotten.
  /// - Returns: How many events the line to be written now tells of; nil when none is to be written.
  public mutating func add(_ count: Int, to key: Key, now: ContinuousClock.Instant) -> Int? {
    if let state = states[key], now - state.writtenAt < period {
      states[key]!.kept += count
      return nil
    }
    let all = count + (states[key]?.kept ?? 0)
    states[key] = State(writtenAt: now, kept: 0)
    return all
  }
}
