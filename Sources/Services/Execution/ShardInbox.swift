internal import Market
internal import Ports

/// Log rows of one shard on their way to the engine: in whatever order and however often they come, out once and in order.
struct ShardInbox {
  /// Rows that are kept ahead of a gap at most; what comes beyond is read from the log later.
  static let waitingLimit = 20_000

  /// Where the reader stands in the stream.
  private(set) var position: StreamPosition?
  private var waiting: [Sequence: (entry: LogEntry, position: StreamPosition?)] = [:]

  /// Takes an entry of the stream; rows at or before `cursor` are duplicates.
  mutating func receive(_ item: StreamEntry, cursor: Sequence) {
    position = item.position
    if let entry = item.entry { keep(entry, item.position, cursor: cursor) }
  }

  /// Takes a row read from the log itself.
  mutating func receive(_ entry: LogEntry, cursor: Sequence) { keep(entry, nil, cursor: cursor) }

  private mutating func keep(_ entry: LogEntry, _ position: StreamPosition?, cursor: Sequence) {
    guard entry.sequence > cursor, waiting.count < Self.waitingLimit || entry.sequence == cursor.next else { return }
    // The log's own row is the truth; a stream's row may be forged.
    if position == nil || waiting[entry.sequence] == nil { waiting[entry.sequence] = (entry, position) }
  }

  /// Whether the row after `cursor` is there.
  func isRunnable(after cursor: Sequence) -> Bool { waiting[cursor.next] != nil }

  /// Whether rows wait for one that is missing.
  func hasGap(after cursor: Sequence) -> Bool { !waiting.isEmpty && waiting[cursor.next] == nil }

  /// Takes out the rows that follow `cursor` without a gap, at most `limit`.
  mutating func takeRun(after cursor: Sequence, limit: Int) -> [LogEntry] {
    var run: [LogEntry] = []
    var next = cursor.next
    while run.count < limit, let row = waiting.removeValue(forKey: next) {
      run.append(row.entry)
      next = next.next
    }
    return run
  }

  /// The position up to which everything that came has left the inbox; nil when that is nothing.
  var settledPosition: StreamPosition? {
    guard let oldest = waiting.values.compactMap(\.position).min() else { return position }
    if oldest.counter > 0 { return StreamPosition(milliseconds: oldest.milliseconds, counter: oldest.counter - 1) }
    return oldest.milliseconds > 0 ? StreamPosition(milliseconds: oldest.milliseconds - 1, counter: .max) : nil
  }
}
