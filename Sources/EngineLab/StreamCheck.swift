package import Recordings
internal import Market
internal import Matching

/// Feeds a stream to the engine and compares what it does, row by row.
package struct StreamCheck {
  /// What was counted.
  package struct Tally: Equatable, Sendable {
    package var commands = 0
    package var fillsExpected = 0
    package var fillsEqual = 0
    /// Rows after which best prices, their sizes and the rest of the order were compared.
    package var booksExpected = 0
    package var booksEqual = 0
    package var depthsExpected = 0
    package var depthsEqual = 0
    package var differences = 0
  }

  /// How many differences are kept in words.
  package static let differencesKept = 5

  package private(set) var tally = Tally()
  /// The first differences: row, expected, got.
  package private(set) var differences: [String] = []
  private var engine = MatchingEngine()
  private var events: [BookEvent] = []

  /// Begins with an empty book.
  package init() {}

  /// Carries out a row and compares.
  package mutating func feed(_ row: StreamRow) {
    tally.commands += 1
    events.removeAll(keepingCapacity: true)
    engine.apply([row.command], into: &events)
    if let refusal = events.first, refusal.kind == .rejected || refusal.kind == .cancelRejected {
      differ(row.sequence, "command", "done", "refused (\(refusal.reason))")
    }
    compareFills(row)
    compareBook(row)
  }

  /// Compares the book as it is with a snapshot.
  package mutating func compare(_ depth: DepthRow) {
    tally.depthsExpected += 1
    let bids = engine.depth(StreamRow.instrument, .buy, levels: DepthFile.levels)
    let asks = engine.depth(StreamRow.instrument, .sell, levels: DepthFile.levels)
    if bids == depth.bids, asks == depth.asks {
      tally.depthsEqual += 1
    } else {
      differ(depth.sequence, "depth", text(depth.bids) + " / " + text(depth.asks), text(bids) + " / " + text(asks))
    }
  }

  private mutating func compareFills(_ row: StreamRow) {
    let fills = events.lazy.filter { $0.kind == .trade }.map {
      StreamRow.Fill(maker: $0.counterpart, price: $0.price, quantity: $0.quantity)
    }
    tally.fillsExpected += row.fills.count
    tally.fillsEqual += zip(fills, row.fills).count { $0 == $1 }
    if !fills.elementsEqual(row.fills) { differ(row.sequence, "fills", text(row.fills), text(Array(fills))) }
  }

  private mutating func compareBook(_ row: StreamRow) {
    tally.booksExpected += 1
    let bid = engine.best(.buy, StreamRow.instrument)
    let ask = engine.best(.sell, StreamRow.instrument)
    let rest = row.action == .new ? engine.find(row.order)?.leaves ?? .zero : row.rest
    if rest == row.rest, bid == row.bid, ask == row.ask {
      tally.booksEqual += 1
    } else {
      differ(
        row.sequence, "rest, bid, ask", "\(row.rest), \(text(row.bid)), \(text(row.ask))",
        "\(rest), \(text(bid)), \(text(ask))")
    }
  }

  private mutating func differ(_ row: Int64, _ what: String, _ expected: String, _ got: String) {
    tally.differences += 1
    guard differences.count < StreamCheck.differencesKept else { return }
    differences.append("row \(row), \(what): expected \(expected), got \(got)")
  }

  private func text(_ fills: [StreamRow.Fill]) -> String {
    fills.isEmpty ? "none" : fills.map(\.description).joined(separator: "|")
  }

  private func text(_ level: DepthLevel?) -> String { level.map { "\($0.quantity)@\($0.price.rawValue)" } ?? "none" }

  private func text(_ levels: [DepthLevel]) -> String { levels.map { text($0) }.joined(separator: " ") }
}

extension StreamCheck {
  /// Checks a whole file, and the snapshots that lie beside it: `NAME.depth.csv` for `NAME.commands.csv`, gzip or not.
  package mutating func run(_ path: String, depth depthPath: String?) throws(RecordingError) {
    let stream = try StreamFile(path)
    let snapshots: DepthFile?
    if let depthPath { snapshots = try DepthFile(depthPath) } else { snapshots = nil }
    var snapshot = try snapshots?.next()
    while let row = try stream.next() {
      feed(row)
      while let due = snapshot, due.sequence <= row.sequence {
        compare(due)
        snapshot = try snapshots?.next()
      }
    }
    if let due = snapshot { differ(due.sequence, "depth", "a row with this number", "the end of the stream") }
  }
}
