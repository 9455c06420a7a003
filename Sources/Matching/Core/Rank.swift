internal import Market

/// A price as its side sees it: the lower of two ranks is the better price for bids and asks alike.
struct Rank: Hashable, Comparable {
  let value: UInt64

  /// Worse than every price: the rank of the best order of an empty side.
  static let none = Rank(value: .max)

  private init(value: UInt64) { self.value = value }

  /// The rank of `price`, which is positive, among orders of `side`.
  init(_ price: Price, _ side: Side) { value = UInt64(bitPattern: price.rawValue) ^ Rank.flips(side) }

  /// The price that has this rank on `side`.
  func price(_ side: Side) -> Price { Price(rawValue: Int64(bitPattern: value ^ Rank.flips(side))) }

  /// The rank of the same price on the other side.
  var mirrored: Rank { Rank(value: ~value) }

  /// All ones for bids, whose order is turned round.
  private static func flips(_ side: Side) -> UInt64 { UInt64(side.rawValue) &- 1 }

  static func < (a: Rank, b: Rank) -> Bool { a.value < b.value }
}
