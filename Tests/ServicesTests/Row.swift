import Market

/// Log rows of one shard for tests.
enum Row {
  static let shard = Shard(rawValue: 3)
  static let instrument = InstrumentID(rawValue: 1)
  static let start = Timestamp("2026-01-02T14:30:00Z")!

  static func time(_ sequence: Int64) -> Timestamp { start.advanced(byMicroseconds: sequence) }

  static func id(_ sequence: Int64, in shard: Shard = shard) -> OrderID {
    .order(submittedAt: time(sequence), shard: shard, random: UInt64(sequence))
  }

  /// A cancel that finds nothing: a row that settles without orders.
  static func cancel(_ sequence: Int64, of target: Int64 = 0, in shard: Shard = shard) -> LogEntry {
    LogEntry(
      shard: shard, sequence: Sequence(rawValue: sequence), acceptedAt: time(sequence),
      command: .cancel(
        CancelOrder(
          target: id(max(1, target), in: shard), targetSequence: Sequence(rawValue: target),
          account: AccountNumber(rawValue: 1), instrument: instrument)))
  }
}
