/// The crit-bit tree of a side's levels (D. J. Bernstein, "Crit-bit trees"): a branch tests one bit, the bits grow lower
/// on the way down, and a level that leaves takes one branch with it.
extension PriceLadder {
  /// The level that shares the most leading bits with `rank`: its own, if there is one; 0 on an empty side.
  func nearestLevel(_ rank: Rank, _ side: SideIndex) -> UInt32 {
    var link = sides[side.position].root
    while link.isBranch { link = branches[Int(link.place)].link(for: rank) }
    return link.place
  }

  /// Hangs a new level into the tree of a side that is not empty; gives the next better level, 0 for none.
  mutating func plant(_ level: UInt32, _ rank: Rank, _ side: SideIndex, nearest: UInt32) -> UInt32 {
    let difference = levels[Int(nearest)].rank.value ^ rank.value
    let bit: UInt64 = 1 &<< UInt64(63 - difference.leadingZeroBitCount)
    var parent: UInt32 = 0
    var link = sides[side.position].root
    while link.isBranch, branches[Int(link.place)].bit > bit {
      parent = link.place
      link = branches[Int(parent)].link(for: rank)
    }
    let isWorse = rank.value & bit != 0
    let better = isWorse ? worst(below: link) : levels[Int(best(below: link))].better
    let branch = tally.freeBranch
    tally.freeBranch = branches[Int(branch)].better.place
    branches[Int(branch)] =
      isWorse
      ? TreeBranch(bit: bit, better: link, worse: .level(level))
      : TreeBranch(bit: bit, better: .level(level), worse: link)
    hang(.branch(branch), at: parent, rank, side)
    return better
  }

  /// Takes the level of `rank` off the tree, and the branch above it.
  mutating func uproot(_ rank: Rank, _ side: SideIndex) {
    var grandparent: UInt32 = 0
    var parent: UInt32 = 0
    var link = sides[side.position].root
    while link.isBranch {
      grandparent = parent
      parent = link.place
      link = branches[Int(parent)].link(for: rank)
    }
    guard parent != 0 else {
      sides[side.position].root = .none
      return
    }
    let fork = branches[Int(parent)]
    hang(rank.value & fork.bit == 0 ? fork.worse : fork.better, at: grandparent, rank, side)
    branches[Int(parent)] = TreeBranch(bit: 0, better: .branch(tally.freeBranch))
    tally.freeBranch = parent
  }

  /// Sets the link of a branch (0: the root's) on the way to `rank`.
  private mutating func hang(_ link: TreeLink, at branch: UInt32, _ rank: Rank, _ side: SideIndex) {
    if branch == 0 {
      sides[side.position].root = link
    } else {
      branches[Int(branch)].set(link, for: rank)
    }
  }

  private func best(below start: TreeLink) -> UInt32 {
    var link = start
    while link.isBranch { link = branches[Int(link.place)].better }
    return link.place
  }

  private func worst(below start: TreeLink) -> UInt32 {
    var link = start
    while link.isBranch { link = branches[Int(link.place)].worse }
    return link.place
  }
}
