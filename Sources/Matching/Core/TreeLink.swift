/// What hangs at a link of the tree of levels: a branch, a level, or nothing.
struct TreeLink: Hashable {
  private let value: UInt32

  static let none = TreeLink(value: 0)

  private init(value: UInt32) { self.value = value }

  static func level(_ level: UInt32) -> TreeLink { TreeLink(value: level << 1) }

  static func branch(_ branch: UInt32) -> TreeLink { TreeLink(value: branch << 1 | 1) }

  var isBranch: Bool { value & 1 != 0 }

  /// The place of the branch or level; 0 for none.
  var place: UInt32 { value >> 1 }
}

/// A fork in the tree of levels: the highest bit in which the ranks below it differ.
struct TreeBranch {
  var bit: UInt64 = 0
  /// Where that bit is 0: the better ranks.
  var better = TreeLink.none
  /// Where that bit is 1: the worse ranks.
  var worse = TreeLink.none

  /// The way on for a rank.
  func link(for rank: Rank) -> TreeLink { rank.value & bit == 0 ? better : worse }

  mutating func set(_ link: TreeLink, for rank: Rank) {
    if rank.value & bit == 0 { better = link } else { worse = link }
  }
}
