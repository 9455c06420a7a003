internal import Market
internal import Ports
internal import Redis

/// What streams answer, as records.
enum StreamReply {
  /// The entries in a reply of `XREAD`, which lists streams with their entries; none when it timed out.
  static func entries(_ reply: RedisValue, shards: [[UInt8]: Shard]) -> [StreamEntry] {
    var found: [StreamEntry] = []
    for stream in reply.array ?? [] {
      guard case .array(let parts) = stream, parts.count == 2, case .bytes(let key) = parts[0],
        let shard = shards[key], case .array(let entries) = parts[1]
      else { continue }
      found.reserveCapacity(found.count + entries.count)
      for entry in entries {
        if let entry = Self.entry(entry, shard: shard) { found.append(entry) }
      }
    }
    return found
  }

  /// One entry: its position and its fields. Without a position it is no entry at all.
  private static func entry(_ value: RedisValue, shard: Shard) -> StreamEntry? {
    guard case .array(let parts) = value, parts.count == 2, case .bytes(let id) = parts[0],
      let position = StreamPosition(id)
    else { return nil }
    return StreamEntry(shard: shard, position: position, entry: logEntry(parts[1], shard: shard))
  }

  private static func logEntry(_ fields: RedisValue, shard: Shard) -> LogEntry? {
    guard case .array(let fields) = fields, fields.count == 4, case .bytes(let first) = fields[0],
      first.elementsEqual("seq".utf8), case .bytes(let number) = fields[1], case .bytes(let second) = fields[2],
      second.elementsEqual("cmd".utf8), case .bytes(let line) = fields[3]
    else { return nil }
    var scanner = CompactScanner(number)
    guard let sequence = scanner.number(in: 1...Int64.max), scanner.isAtEnd else { return nil }
    let entry = LogEntryText.parse(line, shard: shard, sequence: Sequence(rawValue: sequence))
    // What somebody copied here from another shard's stream must not pass for a row of this one.
    return entry?.command.order.map { $0.shard == shard } ?? true ? entry : nil
  }

  /// The last id that a stream ever handed out, from a reply of `XINFO STREAM`; nil when there is no such stream.
  static func lastPosition(_ reply: RedisValue) -> StreamPosition? {
    reply["last-generated-id"]?.bytes.flatMap { StreamPosition($0) }
  }
}

extension Command {
  /// The order that it concerns; nil of what concerns none.
  fileprivate var order: OrderID? {
    switch self {
    case .place(let order): return order.id
    case .cancel(let cancel): return cancel.target
    case .replace(let replace): return replace.target
    case .step, .expire, .halt, .band: return nil
    }
  }
}

extension StreamPosition {
  /// Before every entry.
  static let beginning = StreamPosition(milliseconds: 0, counter: 0)

  /// Reads `1764000000000-0`.
  init?(_ text: [UInt8]) {
    guard let dash = text.firstIndex(of: UInt8(ascii: "-")) else { return nil }
    guard let milliseconds = decimal(text[..<dash]), let counter = decimal(text[(dash + 1)...]) else { return nil }
    self.init(milliseconds: milliseconds, counter: counter)
  }

  /// The position right behind this one; the last one of all has none behind it, and is its own.
  var successor: StreamPosition {
    if counter < .max { return StreamPosition(milliseconds: milliseconds, counter: counter + 1) }
    return milliseconds < .max ? StreamPosition(milliseconds: milliseconds + 1, counter: 0) : self
  }

  /// Whether a server's clock can have given it: an entry that somebody has put beyond is no program's of ours.
  var isFromAClock: Bool { milliseconds <= KeyRule.lastMillisecond }
}

private func decimal(_ digits: ArraySlice<UInt8>) -> UInt64? {
  guard !digits.isEmpty else { return nil }
  var value: UInt64 = 0
  for byte in digits {
    let digit = byte &- UInt8(ascii: "0")
    guard digit <= 9 else { return nil }
    let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
    let (sum, carry) = shifted.addingReportingOverflow(UInt64(digit))
    guard !overflow, !carry else { return nil }
    value = sum
  }
  return value
}
