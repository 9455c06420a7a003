internal import Market
internal import Ports

/// Log rows of one shard on their way to the engine: in whatever order and however often they come, out once and in order.
struct ShardInbox {
  /// Rows that are kept ahead of a gap at most; what comes beyond is read from the log later.
  static let waitingLimit = 20_000

  /// Where the reader stands in the stream.
  private(set) var position: StreamPosition?
  private let timeline: DatabaseTimeline
  private var waiting: [Sequence: (entry: LogEntry, position: StreamPosition?)] = [:]

  /// For an owner that claimed in this branch of the ledger's history.
  init(in timeline: DatabaseTimeline = .unnamed) { self.timeline = timeline }

  /// Takes an entry of the stream; rows at or before `cursor` are duplicates. A row of another branch is left out: a
  /// fail-over or a restored backup may have undone it, and given its number to another command.
  /// - Returns: Why the entry was refused; nil of one that was taken. What was refused is to be read from the log.
  @discardableResult
  mutating func receive(_ item: StreamEntry, cursor: Sequence) -> EntryRefusal? {
    position = item.position
    guard let entry = item.entry else { return item.refusal }
    // What is settled is a duplicate, whoever published it.
    guard entry.sequence > cursor else { return nil }
    guard entry.timeline == timeline else { return .foreignTimeline }
    keep(entry, item.position, cursor: cursor)
    return nil
  }

  /// Takes a row read from the log itself.
  mutating func receive(_ entry: LogEntry, cursor: Sequence) { keep(entry, nil, cursor: cursor) }

  private mutating func keep(_ entry: LogEntry, _ position: StreamPosition?, cursor: Sequence) {
    guard entry.sequence > cursor, waiting.count < Self.waitingLimit || entry.sequence == cursor.next else { return }
    var row = waiting[entry.sequence] ?? (entry, position)
    // The log's own row is the truth; a stream's row may be forged. Its place in the stream counts all the same.
    if position == nil { row.entry = entry }
    row.position = row.position ?? position
    waiting[entry.sequence] = row
  }

  /// The rows that wait.
  var sequences: Set<Sequence> { Set(waiting.keys) }

  /// Forgets rows that the stream delivered and the log does not have: they are of a future that the database has lost.
  mutating func discard(_ lost: Set<Sequence>) {
    for sequence in lost { waiting[sequence] = nil }
  }

  /// Whether the row after `cursor` is there.
  func isRunnable(after cursor: Sequence) -> Bool { waiting[cursor.next] != nil }

  /// Whether rows wait for one that is missing.
  func hasGap(after cursor: Sequence) -> Bool { !waiting.isEmpty && waiting[cursor.next] == nil }

  /// The row after `cursor`, which stays.
  func next(after cursor: Sequence) -> LogEntry? { waiting[cursor.next]?.entry }

  /// Takes a row out.
  mutating func take(_ sequence: Sequence) { waiting[sequence] = nil }

  /// The position up to which everything that came has left the inbox; nil when that is nothing.
  var settledPosition: StreamPosition? {
    guard let position, let oldest = waiting.values.compactMap(\.position).min() else { return position }
    // After a wipe positions begin anew: what waits from before it says nothing of what has not been read yet.
    return oldest.previous.map { min($0, position) }
  }
}

extension StreamPosition {
  /// The greatest position that is smaller; nil for the first.
  fileprivate var previous: StreamPosition? {
    if counter > 0 { return StreamPosition(milliseconds: milliseconds, counter: counter - 1) }
    return milliseconds > 0 ? StreamPosition(milliseconds: milliseconds - 1, counter: .max) : nil
  }
}
