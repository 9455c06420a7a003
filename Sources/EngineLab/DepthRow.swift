package import Matching

/// What must stand in the book after a row of a stream: the best levels of both sides.
package struct DepthRow: Equatable, Sendable {
  /// The row of the stream.
  package var sequence: Int64
  /// Best first.
  package var bids: [DepthLevel]
  /// Best first.
  package var asks: [DepthLevel]

  /// Reads one snapshot.
  /// - Throws: ``RowFault``.
  package init(_ line: ArraySlice<UInt8>) throws(RowFault) {
    var fields = Fields(line)
    guard let sequence = fields.number(), fields.number() != nil, fields.number() != nil else {
      throw RowFault("seq, row and truth_levels must be whole numbers")
    }
    self.sequence = sequence
    bids = []
    asks = []
    for _ in 0..<DepthFile.levels {
      if let bid = try DepthLevel.next(&fields) { bids.append(bid) }
      if let ask = try DepthLevel.next(&fields) { asks.append(ask) }
    }
    guard fields.isAtEnd else { throw RowFault("there must be \(DepthFile.levels) levels a side") }
  }
}
