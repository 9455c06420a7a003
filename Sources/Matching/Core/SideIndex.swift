internal import Market

/// The place of one side of one book in the engine: two sides a book, next to each other.
struct SideIndex: Hashable {
  let value: UInt32

  /// The side of no book.
  static let none = SideIndex(value: .max)

  private init(value: UInt32) { self.value = value }

  init(_ book: UInt32, _ side: Side) { value = book &<< 1 | UInt32(side.rawValue) }

  /// The other side of the same book.
  var opposite: SideIndex { SideIndex(value: value ^ 1) }

  /// Which way its orders go.
  var side: Side { value & 1 == 0 ? .buy : .sell }

  var position: Int { Int(value) }
}
