/// The slot of a cluster that a key belongs to.
///
/// The rule is Redis's (the cluster specification, "Key distribution model"): CRC-16 of the key, or of what stands between
/// its first `{` and the next `}` unless that is nothing, modulo 16384.
enum KeySlot {
  /// How many slots there are.
  static let count = 16_384

  /// The slot of a key's bytes.
  static func of(_ key: ArraySlice<UInt8>) -> Int { Int(checksum(tag(key))) % count }

  /// The slot of a key.
  static func of(_ key: String) -> Int { of(Array(key.utf8)[...]) }

  private static func tag(_ key: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard let open = key.firstIndex(of: UInt8(ascii: "{")) else { return key }
    let inside = key[(open + 1)...]
    guard let close = inside.firstIndex(of: UInt8(ascii: "}")), close > inside.startIndex else { return key }
    return inside[..<close]
  }

  /// CRC-16 with the polynomial 0x1021, nothing inverted, beginning with zero (known as XMODEM).
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt16 {
    bytes.reduce(0) { sum, byte in sum << 8 ^ table[Int(UInt8(truncatingIfNeeded: sum >> 8) ^ byte)] }
  }

  private static let table: [UInt16] = (0..<256).map { byte in
    (0..<8).reduce(UInt16(byte) << 8) { sum, _ in sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x1021 }
  }
}
