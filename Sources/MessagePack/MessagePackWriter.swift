internal import CMsgPack

/// Appends MessagePack to a buffer.
///
/// Format: https://github.com/msgpack/msgpack/blob/master/spec.md
public struct MessagePackWriter: Sendable {
  /// What has been written.
  public private(set) var bytes: [UInt8]

  /// Begins empty with room for `capacity` bytes.
  public init(capacity: Int = 256) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  /// Begins a map; so many keys and values follow, in turn.
  public mutating func beginMap(_ count: Int) { pack { msgpack_pack_map($0, count) } }

  /// Begins an array; so many values follow.
  public mutating func beginArray(_ count: Int) { pack { msgpack_pack_array($0, count) } }

  /// A text.
  public mutating func string(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in pack { msgpack_pack_str_with_body($0, utf8.baseAddress, utf8.count) } }
  }

  /// A text known when the program is compiled.
  public mutating func string(plain text: StaticString) {
    pack { msgpack_pack_str_with_body($0, text.utf8Start, text.utf8CodeUnitCount) }
  }

  /// A whole number, in the shortest form.
  public mutating func integer(_ value: Int64) { pack { msgpack_pack_int64($0, value) } }

  /// A number in 64 bits of binary floating point.
  public mutating func double(_ value: Double) { pack { msgpack_pack_double($0, value) } }

  /// `true` or `false`.
  public mutating func bool(_ value: Bool) { pack { value ? msgpack_pack_true($0) : msgpack_pack_false($0) } }

  /// Writes a nil.
  public mutating func null() { pack { msgpack_pack_nil($0) } }

  /// A moment, in microseconds since 1970: the timestamp extension, type -1.
  public mutating func timestamp(microseconds: Int64) {
    let (whole, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    var moment = msgpack_timestamp(
      tv_sec: rest < 0 ? whole - 1 : whole, tv_nsec: UInt32((rest < 0 ? rest + 1_000_000 : rest) * 1_000))
    pack { msgpack_pack_timestamp($0, &moment) }
  }

  /// Lets the library append what it packs.
  private mutating func pack(_ body: (UnsafeMutablePointer<msgpack_packer>) -> Int32) {
    withUnsafeMutablePointer(to: &bytes) { target in
      var packer = msgpack_packer()
      msgpack_packer_init(&packer, target) { target, start, count in
        guard let target, let start else { return -1 }
        target.assumingMemoryBound(to: [UInt8].self).pointee
          .append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
        return 0
      }
      _ = body(&packer)
    }
  }
}
