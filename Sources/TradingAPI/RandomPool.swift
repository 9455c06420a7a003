internal import Digest
internal import Lifecycle

/// Unpredictable bits in small portions: fetched from the generator many at a time, because each call of it costs more
/// than the bits are worth.
package final class RandomPool: Sendable {
  private static let bytesAtOnce = 4096

  private let bytes = Lock<[UInt8]>([])

  /// Makes an empty pool.
  package init() {}

  /// 64 random bits that nobody else gets.
  package func word() -> UInt64 {
    bytes.withLock { bytes in
      if bytes.count < 8 { bytes = SecureRandom.bytes(Self.bytesAtOnce) }
      var word: UInt64 = 0
      for byte in bytes.suffix(8) { word = word << 8 | UInt64(byte) }
      bytes.removeLast(8)
      return word
    }
  }
}
