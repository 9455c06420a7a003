/// Percent-decoding of targets.
enum PercentEncoding {
  /// Decodes `%HH`; a `%` without two digits stands for itself, and invalid UTF-8 becomes U+FFFD.
  static func decode<Bytes: Collection<UInt8>>(_ bytes: Bytes, plusIsSpace: Bool = false) -> String {
    guard bytes.contains(where: { $0 == 0x25 || plusIsSpace && $0 == 0x2B }) else {
      return String(decoding: bytes, as: UTF8.self)
    }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var rest = bytes[...]
    while let byte = rest.popFirst() {
      if byte == 0x25, let high = hexDigit(rest.first), let low = hexDigit(rest.dropFirst().first) {
        decoded.append(high << 4 | low)
        rest = rest.dropFirst(2)
      } else {
        decoded.append(plusIsSpace && byte == 0x2B ? 0x20 : byte)
      }
    }
    return String(decoding: decoded, as: UTF8.self)
  }

  /// Splits `a=1&b=two+words&flag` into decoded names and values, in order.
  static func decodeQuery<Bytes: Collection<UInt8>>(_ query: Bytes) -> [(name: String, value: String)]
  where Bytes.SubSequence: Collection<UInt8> {
    query.split(separator: 0x26).map { pair in
      let name = pair.prefix { $0 != 0x3D }
      let value = pair.dropFirst(name.count + 1)
      return (decode(name, plusIsSpace: true), decode(value, plusIsSpace: true))
    }
  }
}

private func hexDigit(_ byte: UInt8?) -> UInt8? {
  guard let byte else { return nil }
  switch byte {
  case 0x30...0x39: return byte - 0x30
  case 0x41...0x46: return byte - 0x41 + 10
  case 0x61...0x66: return byte - 0x61 + 10
  default: return nil
  }
}
