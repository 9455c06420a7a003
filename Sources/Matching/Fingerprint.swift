/// A running 64-bit hash that is the same on every machine and in every process: FNV-1a.
///
/// It tells replays apart, it does not withstand forgery. Source: G. Fowler, L. C. Noll, K.-P. Vo, FNV-1a, 64 bits.
@frozen
public struct Fingerprint: Hashable, Sendable {
  /// The hash of everything added so far.
  public var value: UInt64

  /// The hash of nothing.
  @inlinable
  public init() { value = 0xCBF2_9CE4_8422_2325 }

  /// Adds the bytes of an integer, the lowest first.
  @inlinable
  public mutating func add(_ integer: some FixedWidthInteger) {
    var rest = integer
    for _ in 0..<(integer.bitWidth / 8) {
      value = (value ^ UInt64(UInt8(truncatingIfNeeded: rest))) &* 0x0000_0100_0000_01B3
      rest >>= 8
    }
  }
}
