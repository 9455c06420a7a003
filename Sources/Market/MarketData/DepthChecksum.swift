/// CRC-32 over the best levels of a book in a form of text, by which a client finds out whether its copy is right.
///
/// The text lists the best ten bids, best first, as `price:size` with commas between them, then `;`, then the best ten asks in
/// the same way: `100.05:300,100:50;100.1:20`. Prices are plain decimals without trailing zeros, sizes whole shares; a side
/// without orders is empty. The CRC is that of IEEE 802.3, as zlib's `crc32` gives it.
public enum DepthChecksum {
  /// Levels a side that count.
  public static let levels = 10

  /// The checksum of a book whose sides are given best first.
  public static func of(bids: some Collection<PriceLevelView>, asks: some Collection<PriceLevelView>) -> UInt32 {
    var text: [UInt8] = []
    text.reserveCapacity(320)
    append(bids, to: &text)
    text.append(UInt8(ascii: ";"))
    append(asks, to: &text)
    return crc32(text)
  }

  private static func append(_ side: some Collection<PriceLevelView>, to text: inout [UInt8]) {
    var isFirst = true
    for level in side.prefix(levels) {
      if !isFirst { text.append(UInt8(ascii: ",")) }
      isFirst = false
      append(level.price.rawValue, fractionDigits: 4, to: &text)
      text.append(UInt8(ascii: ":"))
      append(level.size.rawValue, fractionDigits: 0, to: &text)
    }
  }

  /// A number that is not negative, in plain decimal notation without trailing zeros.
  private static func append(_ value: Int64, fractionDigits: Int, to text: inout [UInt8]) {
    var rest = value.magnitude
    var places = fractionDigits
    while places > 0, rest % 10 == 0 {
      rest /= 10
      places -= 1
    }
    let start = text.count
    var written = 0
    repeat {
      if written == places, places > 0 { text.append(UInt8(ascii: ".")) }
      text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
      written += 1
    } while rest > 0 || written <= places
    text[start...].reverse()
  }

  /// The CRC of bytes: polynomial 0xEDB88320, bits reflected.
  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ (crc >> 8) }
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
  }
}
