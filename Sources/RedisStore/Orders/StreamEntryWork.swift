package import Market
package import Ports

/// The work on stream entries without a server, for benches.
package struct StreamEntryWork: Sendable {
  private let keys: StreamKeys

  /// Signs under a key.
  package init(key: StreamKey) { keys = StreamKeys([key], reading: 1) }

  /// A row's text.
  package func text(_ entry: LogEntry) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(LogEntryText.usualLength)
    LogEntryText.write(entry, to: &bytes)
    return bytes
  }

  /// The signature of a row's text.
  package func signature(of text: [UInt8], _ shard: Shard, _ sequence: Sequence) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(48)
    keys.sign(text, at: shard, sequence, to: &bytes)
    return bytes
  }

  /// Whether a text is signed for its place.
  package func isGood(_ signature: [UInt8], on text: [UInt8], _ shard: Shard, _ sequence: Sequence) -> Bool {
    keys.flaw(of: signature, on: text, at: shard, sequence) == nil
  }

  /// The row of a text.
  package func row(of text: [UInt8], _ shard: Shard, _ sequence: Sequence) -> LogEntry? {
    LogEntryText.parse(text, shard: shard, sequence: sequence)
  }
}
