internal import Market

/// All orders of one side at one price: a queue, oldest first. Place 0 holds no level: it means none.
struct PriceLevel {
  var rank = Rank.none
  /// Open shares of all its orders.
  var total = Quantity(rawValue: 0)
  var oldest: UInt32 = 0
  var youngest: UInt32 = 0
  /// The next better level of the side, or none.
  var better: UInt32 = 0
  /// The next worse level of the side, or none; the next free place while the level is free.
  var worse: UInt32 = 0
  var side = SideIndex.none
  var instrument = InstrumentID(rawValue: 0)

  var price: Price { rank.price(side.side) }
}

/// One side of one book: its best level and the root of the tree of its levels.
struct BookSide {
  var bestRank = Rank.none
  var best: UInt32 = 0
  var root = TreeLink.none
}
