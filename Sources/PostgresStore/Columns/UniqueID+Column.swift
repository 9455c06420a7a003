package import Market

extension UniqueID {
  /// From a column's two halves.
  package init(_ halves: (high: UInt64, low: UInt64)) { self.init(high: halves.high, low: halves.low) }
}
