internal import JSON
internal import Market

/// All instruments at one time, by every name they have.
final class InstrumentTable: Sendable {
  /// All of them by symbol's order.
  let instruments: [Instrument]
  /// The answer to a question for all of them.
  let assetsBody: [UInt8]
  /// The shards that any of them lies in.
  let shards: Set<Shard>
  private let bySymbol: [Symbol: Instrument]
  private let byAssetID: [UniqueID: Instrument]
  private let byNumber: [InstrumentID: Instrument]

  init(_ instruments: [Instrument]) {
    let sorted = instruments.sorted { $0.symbol < $1.symbol }
    self.instruments = sorted
    shards = Set(sorted.map(\.shard))
    bySymbol = Dictionary(sorted.map { ($0.symbol, $0) }, uniquingKeysWith: { first, _ in first })
    byAssetID = Dictionary(sorted.map { ($0.assetID, $0) }, uniquingKeysWith: { first, _ in first })
    byNumber = Dictionary(sorted.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    var writer = JSONWriter(capacity: 512 * max(1, sorted.count))
    writer.assets(sorted)
    assetsBody = writer.bytes
  }

  /// Whether a table of these instruments would be the same as this one.
  func isMade(of others: [Instrument]) -> Bool {
    others.count == instruments.count && others.allSatisfy { byNumber[$0.id] == $0 }
  }

  subscript(number: InstrumentID) -> Instrument? { byNumber[number] }

  /// The instrument with this symbol or asset identifier.
  ///
  /// A name is looked for only when it has the form of one: it is ASCII then, and equal names are equal bytes.
  func named(_ name: String) -> Instrument? {
    if let symbol = Symbol(name) { return bySymbol[symbol] }
    return UniqueID(name).flatMap { byAssetID[$0] }
  }
}
