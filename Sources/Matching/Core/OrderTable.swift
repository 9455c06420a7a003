/// How order keys find their slots: open addressing with linear probing over a power of two of entries, at most half full.
enum OrderTable {
  /// The fewest entries of a table.
  static let minimumSize = 16

  /// Entries needed for `capacity` orders.
  static func size(for capacity: Int) -> Int {
    var size = minimumSize
    while size < capacity * 2 { size *= 2 }
    return size
  }

  /// How far a hash is shifted down to fall into a table of `size` entries.
  static func shift(for size: Int) -> UInt64 { UInt64(64 - size.trailingZeroBitCount) }

  /// Where the search for a key begins. Multiplication by the golden ratio spreads runs of neighbouring keys evenly
  /// (D. Knuth, The Art of Computer Programming, volume 3, section 6.4).
  @inline(__always)
  static func home(of key: OrderKey, shift: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) &>> shift)
  }
}
