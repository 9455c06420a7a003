import Redis

/// Values that somebody may have left in Redis: extreme, malformed, binary, and well-formed in the wrong place.
enum HostileValues {
  static let texts = [
    "", "0", "1", "-1", "+1", "01", "00", " 1", "1 ", "1.5", "1e3", "1e99", "1e400", "-1e400", "nan", "inf", "-inf",
    "0x10",
    "1_000", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551615",
    "18446744073709551616", "99999999999999999999999999", "999999999999999", "1000000000000000", "999999999999999999",
    "1000000000000000000", "2147483647", "2147483648", "-2147483649", "32767", "32768", "65536", "99999",
    "18446744073709551615-18446744073709551615", "18446744073709551615-0", "9999999999999-0", "10000000000000-0", "0-0",
    "-", "-1-", "1-", "active", "owned", "ACTIVE", "host-1-a", "a:b", "a b", "a,b", "a/b", "]", "%", "^", "é", "\u{0}",
    "a\u{0}b",
    "\n", "\r\n", "0:1/1/1", "32767:1/1/1", "0:9999999999999/1/1", "1:1/1/999999999999,2:999999999999/1/1", "0:1/1",
    ",,,",
    "place", "b10.05", "a0", "b-1", "a99999999999999999999", "1.00000", "17@1764000000000000:100.05x300/-",
    "9@9223372036854775807:1x9223372036854775807/922337203685477.5807x1",
  ]

  /// A text of the list, or bytes of any kind.
  static func bytes(_ random: inout SplitMix) -> [UInt8] {
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    case 1:
      return Array(
        repeating: UInt8.random(in: 33...126, using: &random), count: Int.random(in: 1...3_000, using: &random))
    case 2: return Array(String(Int64.random(in: .min ... .max, using: &random)).utf8)
    case 3: return Array(String(random.next()).utf8)
    case 4: return Array(texts.randomElement(using: &random)!.utf8) + Array(texts.randomElement(using: &random)!.utf8)
    default: return Array(texts.randomElement(using: &random)!.utf8)
    }
  }

  /// A reply of any shape.
  static func reply(depth: Int = 4, _ random: inout SplitMix) -> RedisValue {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
    case 0: return .null
    case 1: return .integer([.min, -1, 0, 1, .max].randomElement(using: &random)!)
    case 2: return .refusal(RedisRefusal(reply: "WRONGTYPE Operation against a key holding the wrong kind of value"))
    case 3, 4: return .bytes(bytes(&random))
    default:
      return .array(
        (0..<Int.random(in: 0...6, using: &random)).map { _ in reply(depth: depth - 1, &random) })
    }
  }

  /// Some of the values in a list of names and values replaced.
  static func spoiled(_ fields: [(String, [UInt8])], _ random: inout SplitMix) -> [(String, [UInt8])] {
    var fields = fields
    for _ in 0..<Int.random(in: 0...2, using: &random) where !fields.isEmpty {
      let index = Int.random(in: 0..<fields.count, using: &random)
      if Int.random(in: 0..<4, using: &random) == 0 {
        fields.remove(at: index)
      } else {
        fields[index].1 = bytes(&random)
      }
    }
    return fields
  }

  /// Bytes with some of them changed, cut or repeated.
  static func mutated(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.removeSubrange(index...)
      case 2: bytes.insert(contentsOf: Self.bytes(&random).prefix(30), at: index)
      default: bytes[index] = UInt8(ascii: "9")
      }
    }
    return bytes
  }
}
