package import Market

/// All instruments at one time, by every name they have.
package final class InstrumentTable: Sendable {
  /// All of them by symbol's order.
  package let instruments: [Instrument]
  /// The shards that any of them lies in.
  package let shards: Set<Shard>
  private let bySymbol: [Symbol: Instrument]
  private let byAssetID: [UniqueID: Instrument]
  private let byNumber: [InstrumentID: Instrument]

  package init(_ instruments: [Instrument]) {
    let sorted = instruments.sorted { $0.symbol < $1.symbol }
    self.instruments = sorted
    shards = Set(sorted.map(\.shard))
    bySymbol = Dictionary(sorted.map { ($0.symbol, $0) }, uniquingKeysWith: { first, _ in first })
    byAssetID = Dictionary(sorted.map { ($0.assetID, $0) }, uniquingKeysWith: { first, _ in first })
    byNumber = Dictionary(sorted.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Whether a table of these instruments would be the same as this one.
  package func isMade(of others: [Instrument]) -> Bool {
    others.count == instruments.count && others.allSatisfy { byNumber[$0.id] == $0 }
  }

  package subscript(number: InstrumentID) -> Instrument? { byNumber[number] }

  /// The instrument with this symbol or asset identifier.
  ///
  /// A name is looked for only when it has the form of one: it is ASCII then, and equal names are equal bytes.
  package func named(_ name: String) -> Instrument? {
    if let symbol = Symbol(name) { return bySymbol[symbol] }
    return UniqueID(name).flatMap { byAssetID[$0] }
  }
}
