internal import ClientKit
internal import JSON
internal import Lifecycle

/// The answer to a question for all instruments: made once for each table of them.
final class AssetsBody: Sendable {
  private let last = Lock<(table: InstrumentTable, bytes: [UInt8])?>(nil)

  /// The body for a table.
  func bytes(of table: InstrumentTable) -> [UInt8] {
    last.withLock { last in
      if let last, last.table === table { return last.bytes }
      var writer = JSONWriter(capacity: 512 * max(1, table.instruments.count))
      writer.assets(table.instruments)
      last = (table, writer.bytes)
      return writer.bytes
    }
  }
}
