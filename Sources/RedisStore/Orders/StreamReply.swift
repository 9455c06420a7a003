internal import Market
internal import Ports
internal import Redis

/// What streams answer, as records.
enum StreamReply {
  /// The entries in a reply of `XREAD`, which lists streams with their entries; none when it timed out.
  static func entries(_ reply: RedisValue, shards: [[UInt8]: Shard], _ keys: StreamKeys) -> [StreamEntry] {
    var found: [StreamEntry] = []
    for stream in reply.array ?? [] {
      guard case .array(let parts) = stream, parts.count == 2, case .bytes(let key) = parts[0],
        let shard = shards[key], case .array(let entries) = parts[1]
      else { continue }
      found.reserveCapacity(found.count + entries.count)
      for entry in entries {
        if let entry = Self.entry(entry, shard: shard, keys) { found.append(entry) }
      }
    }
    return found
  }

  /// One entry: its position and its fields. Without a position it is no entry at all.
  private static func entry(_ value: RedisValue, shard: Shard, _ keys: StreamKeys) -> StreamEntry? {
    guard case .array(let parts) = value, parts.count == 2, case .bytes(let id) = parts[0],
      let position = StreamPosition(id)
    else { return nil }
    let fields: [[UInt8]] = (parts[1].array ?? []).map { $0.bytes ?? [] }
    switch logEntry(fields, shard: shard, keys) {
    case .success(let row): return StreamEntry(shard: shard, position: position, entry: row)
    case .failure(let refusal): return StreamEntry(shard: shard, position: position, entry: nil, refusal: refusal)
    }
  }

  /// The row of `seq N cmd TEXT mac SIGNATURE`. The text is read only when the signature says that a publisher wrote it, of
  /// this shard and this number.
  private static func logEntry(_ fields: [[UInt8]], shard: Shard, _ keys: StreamKeys) -> Result<LogEntry, EntryRefusal>
  {
    guard fields.count == 4 || fields.count == 6, fields[0].elementsEqual("seq".utf8),
      fields[2].elementsEqual("cmd".utf8)
    else { return .failure(.malformed) }
    var scanner = CompactScanner(fields[1])
    guard let number = scanner.number(in: 1...Int64.max), scanner.isAtEnd else {
      return .failure(.malformed)
    }
    guard fields.count == 6, fields[4].elementsEqual("mac".utf8) else { return .failure(.unsigned) }
    let sequence = Sequence(rawValue: number)
    if let refusal = keys.flaw(of: fields[5], on: fields[3], at: shard, sequence) {
      return .failure(refusal)
    }
    guard let entry = LogEntryText.parse(fields[3], shard: shard, sequence: sequence),
      entry.command.order.map({ $0.shard == shard }) ?? true
    else { return .failure(.malformed) }
    return .success(entry)
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
    case .step, .expire, .halt, .band, .cross: return nil
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
