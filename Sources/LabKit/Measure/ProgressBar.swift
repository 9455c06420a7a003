internal import Lifecycle

/// How far a long task is: one line redrawn on a terminal, a plain line every few seconds elsewhere.
///
/// It decides from the times it is told; only ``show(_:)`` and ``finish(_:)`` write.
package struct ProgressBar {
  /// What is shown.
  package struct State: Sendable, Equatable {
    /// Rows done.
    package var done: Int
    /// All rows; nil when unknown.
    package var total: Int?
    /// Orders a second, lately.
    package var rate: Int
    /// What went wrong so far.
    package var errors: Int
    /// Nanoseconds since the start.
    package var elapsed: Int64

    /// States how far the task is.
    package init(done: Int, total: Int?, rate: Int, errors: Int, elapsed: Int64) {
      self.done = done
      self.total = total
      self.rate = rate
      self.errors = errors
      self.elapsed = elapsed
    }

    /// Nanoseconds to go if the rest is as quick as what is done; nil when that cannot be told.
    var remaining: Int64? {
      guard let total, done > 0, total >= done else { return nil }
      return Int64(Double(elapsed) / Double(done) * Double(total - done))
    }
  }

  /// Nanoseconds between two drawings on a terminal.
  static let redrawInterval: Int64 = 100_000_000
  /// Nanoseconds between two lines elsewhere.
  static let lineInterval: Int64 = 5_000_000_000

  private let title: String
  private let isTerminal: Bool
  private let columns: Int
  private var due: Int64 = 0

  /// A bar on standard error.
  package init(_ title: String) {
    self.init(title, isTerminal: Console.Stream.error.isTerminal, columns: Console.Stream.error.columns)
  }

  init(_ title: String, isTerminal: Bool, columns: Int) {
    self.title = title
    self.isTerminal = isTerminal
    self.columns = columns
    due = isTerminal ? 0 : Self.lineInterval
  }

  /// Whether the next drawing is due, `elapsed` nanoseconds after the start.
  package func isDue(_ elapsed: Int64) -> Bool { elapsed >= due }

  /// Draws the bar in its state.
  package mutating func show(_ state: State) { Console.write(drawing(state), to: .error) }

  /// Draws for the last time and leaves the line.
  package mutating func finish(_ state: State) {
    Console.write(drawing(state) + (isTerminal ? "\n" : ""), to: .error)
  }

  mutating func drawing(_ state: State) -> String {
    due = state.elapsed + (isTerminal ? Self.redrawInterval : Self.lineInterval)
    let line = Self.line(title, state, barWidth: isTerminal ? 20 : 0)
    return isTerminal ? "\r\u{1B}[K" + String(line.prefix(max(0, columns - 1))) : line + "\n"
  }

  static func line(_ title: String, _ state: State, barWidth: Int) -> String {
    var parts = [title]
    if let total = state.total {
      let share = total == 0 ? 1000 : state.done * 1000 / total
      if barWidth > 0 {
        let filled = min(barWidth, share * barWidth / 1000)
        parts.append(
          "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: barWidth - filled) + "]")
      }
      parts.append("\(share / 10).\(share % 10) %")
      parts.append("\(state.done)/\(total) rows")
    } else {
      parts.append("\(state.done) rows")
    }
    parts.append("\(state.rate) orders/s")
    parts.append("\(state.errors) errors")
    parts.append(state.remaining.map { "ETA " + SpanLabel.clock($0) } ?? "ETA -")
    return parts.joined(separator: "  ")
  }
}
