/// Finds what a mistyped word probably meant.
enum Suggestion {
  /// The word of `known` with the fewest edits from `word`, if these are few for its length; a word that was only begun
  /// counts as one edit away.
  static func nearest(to word: String, among known: [String]) -> String? {
    let limit = max(1, word.utf8.count / 3)
    let ranked = known.map { (word: $0, edits: $0.hasPrefix(word) ? 1 : edits(from: word, to: $0)) }.filter {
      $0.edits <= limit
    }
    return ranked.min { $0.edits < $1.edits }?.word
  }

  /// Insertions, deletions, changes and swaps of neighbours that lead from one word to the other
  /// (optimal string alignment distance).
  static func edits(from a: String, to b: String) -> Int {
    let a = Array(a.utf8), b = Array(b.utf8)
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
        row.append(best)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
