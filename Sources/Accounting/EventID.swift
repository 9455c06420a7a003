public import Market

/// The public name of an account's event: 26 characters that sort by time (a ULID).
///
/// The first 48 bits are the event's milliseconds, the next ten the microsecond of the millisecond, then the account: the
/// time is its own in its account, so the name is its own everywhere. Crockford's base 32, upper case.
///
/// Source: the ULID specification, version 2019-05-23.
public struct EventID: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// When the event was told; unique in its account.
  public let at: Timestamp
  /// Whose event it is.
  public let account: AccountNumber

  /// Names an event.
  public init(at: Timestamp, account: AccountNumber) {
    self.at = at
    self.account = account
  }

  public static func < (a: EventID, b: EventID) -> Bool { (a.at, a.account) < (b.at, b.account) }

  /// Reads a name in either case; nil for what is none, or none of ours.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.count == 26 else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for (place, byte) in text.utf8.enumerated() {
      guard let digit = Self.digit(byte), place > 0 || digit < 8 else { return nil }
      high = high << 5 | low >> 59
      low = low << 5 | digit
    }
    let microsecond = high >> 6 & 0x3FF
    guard microsecond < 1000 else { return nil }
    at = Timestamp(rawValue: Int64(high >> 16) * 1000 + Int64(microsecond))
    account = AccountNumber(rawValue: Int64(truncatingIfNeeded: high << 58 | low >> 6))
  }

  /// The 26 characters.
  public var description: String {
    let (millisecond, microsecond) = UInt64(max(0, at.rawValue)).quotientAndRemainder(dividingBy: 1000)
    let number = UInt64(bitPattern: account.rawValue)
    var high = millisecond << 16 | microsecond << 6 | number >> 58
    var low = number << 6
    return String(
      unsafeUninitializedCapacity: 26,
      initializingUTF8With: { characters in
        for place in stride(from: 25, through: 0, by: -1) {
          characters[place] = Self.alphabet.utf8Start[Int(low & 31)]
          low = low >> 5 | high << 59
          high >>= 5
        }
        return 26
      })
  }

  private static let alphabet: StaticString = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

  private static func digit(_ byte: UInt8) -> UInt64? {
    let upper = byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") ? byte - 32 : byte
    for index in 0..<32 where alphabet.utf8Start[index] == upper { return UInt64(index) }
    return nil
  }
}

extension OrderEvent {
  /// The public name of an execution, another for each side: made of its place in its shard's log (a UUID, version 8).
  public var executionID: UniqueID {
    UniqueID(
      high: UInt64(sequence.rawValue) << 16 | 0x8000,
      low: 0x8000_0000_0000_0000 | UInt64(UInt16(bitPattern: shard.rawValue)) << 32
        | UInt64(UInt32(bitPattern: ordinal)))
  }
}
