package import Accounting
package import Market

extension ShardEngine {
  /// Goes over log rows that follow the cursor and have been processed, as their owners did: those in quarantine are passed
  /// over.
  /// - Returns: What the owners settled, in order.
  @discardableResult
  package mutating func follow(_ rows: [ProcessedEntry]) -> [Settlement] {
    var settlements: [Settlement] = []
    var rest = rows[...]
    while let first = rest.first {
      let run = rest.prefix { !$0.isQuarantined }
      settlements.append(run.isEmpty ? quarantine(first.entry.sequence) : apply(run.map(\.entry)))
      rest = rest.dropFirst(max(1, run.count))
    }
    return settlements
  }
}
