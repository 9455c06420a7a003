/// A 128-bit identifier in the text form of RFC 9562 (a UUID).
@frozen
public struct UniqueID: Hashable, Comparable, Sendable {
  /// The first eight bytes, big-endian.
  public let high: UInt64
  /// The last eight bytes, big-endian.
  public let low: UInt64

  /// Makes an identifier from its two halves.
  @inlinable
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  @inlinable
  public static func < (a: UniqueID, b: UniqueID) -> Bool { a.high != b.high ? a.high < b.high : a.low < b.low }

  /// A random identifier (version 4) from 128 random bits.
  public static func random(high: UInt64, low: UInt64) -> UniqueID {
    UniqueID(
      high: high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000,
      low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
  }

  /// A time-ordered identifier (version 7): milliseconds in the first 48 bits, the microsecond of the millisecond in the
  /// twelve bits after the version, random bits in the rest. So identifiers of different microseconds sort by time.
  ///
  /// Source: RFC 9562, section 5.7 and section 6.2, method 3. Moments before 1970 trap.
  public static func timeOrdered(at time: Timestamp, random: UInt64) -> UniqueID {
    let (milliseconds, micros) = UInt64(time.rawValue).quotientAndRemainder(dividingBy: 1000)
    return UniqueID(
      high: milliseconds << 16 | 0x7000 | micros,
      low: random & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
  }

  /// The moment in a time-ordered identifier, to the microsecond; nil for other versions.
  public var time: Timestamp? {
    guard high & 0xF000 == 0x7000 else { return nil }
    let micros = high & 0x0FFF
    guard micros < 1000 else { return nil }
    return Timestamp(rawValue: Int64(high >> 16) * 1000 + Int64(micros))
  }

  /// The smallest time-ordered identifier of a moment: the bound for range queries.
  public static func lowest(at time: Timestamp) -> UniqueID {
    let (milliseconds, micros) = UInt64(max(0, time.rawValue)).quotientAndRemainder(dividingBy: 1000)
    return UniqueID(high: milliseconds << 16 | 0x7000 | micros, low: 0)
  }
}

extension UniqueID: CustomStringConvertible {
  /// Parses 32 hexadecimal digits in either case, with the four dashes of the usual form or with none; nil otherwise.
  public init?(_ text: some StringProtocol) {
    var text = String(text)
    guard let id = text.withUTF8(UniqueID.read) else { return nil }
    self = id
  }

  /// Apart from the generic initializer, so that the loop over the bytes is compiled for them.
  private static func read(_ text: UnsafeBufferPointer<UInt8>) -> UniqueID? {
    var halves: (UInt64, UInt64) = (0, 0)
    var digits = 0
    let dashed = text.count == 36
    guard dashed || text.count == 32 else { return nil }
    for (position, byte) in text.enumerated() {
      if dashed, position == 8 || position == 13 || position == 18 || position == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      let nibble: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): nibble = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): nibble = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): nibble = byte - UInt8(ascii: "A") + 10
      default: return nil
      }
      if digits < 16 { halves.0 = halves.0 << 4 | UInt64(nibble) } else { halves.1 = halves.1 << 4 | UInt64(nibble) }
      digits += 1
    }
    return UniqueID(high: halves.0, low: halves.1)
  }

  /// Lower case with dashes.
  public var description: String {
    String(unsafeUninitializedCapacity: 36) { buffer in
      var position = 0
      for index in 0..<32 {
        if index == 8 || index == 12 || index == 16 || index == 20 {
          buffer[position] = UInt8(ascii: "-")
          position += 1
        }
        let word = index < 16 ? high : low
        let nibble = UInt8(truncatingIfNeeded: word >> UInt64((15 - index % 16) * 4)) & 0xF
        buffer[position] = nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
        position += 1
      }
      return 36
    }
  }
}

/// The identifier of an order: time-ordered, so that sorting by it sorts by submission; its last 16 bits name the shard.
public typealias OrderID = UniqueID

extension OrderID {
  /// Makes an order's identifier from its moment of submission, its shard and random bits.
  public static func order(submittedAt time: Timestamp, shard: Shard, random: UInt64) -> OrderID {
    timeOrdered(at: time, random: random << 16 | UInt64(UInt16(bitPattern: shard.rawValue)))
  }

  /// The shard that an order with this identifier lives in; meaningless for identifiers made elsewhere.
  public var shard: Shard { Shard(rawValue: Int16(bitPattern: UInt16(truncatingIfNeeded: low))) }

  /// The identifier of one side of an execution (version 8, RFC 9562 section 5.8): made from the place of its event in the
  /// shard's history, so that it is the same wherever it is computed.
  public static func execution(shard: Shard, sequence: Sequence, ordinal: Int32) -> UniqueID {
    let place = UInt64(UInt16(bitPattern: shard.rawValue)) << 48 | UInt64(UInt32(bitPattern: ordinal)) << 16
    return UniqueID(high: place | 0x8B77, low: UInt64(sequence.rawValue) | 0x8000_0000_0000_0000)
  }
}
