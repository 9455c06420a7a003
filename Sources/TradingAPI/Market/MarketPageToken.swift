internal import ClientKit
internal import Digest
internal import Market

/// Where a page of market data ended, in a form that clients hand back: base 64 of the symbol and the place in its history.
struct MarketPageToken: Hashable {
  /// The symbol of the last row.
  var symbol: String
  /// The last row's place.
  var cursor: MarketCursor

  init(symbol: String, cursor: MarketCursor) {
    self.symbol = symbol
    self.cursor = cursor
  }

  /// Reads a token; nil when it is none of ours.
  init?(_ text: String) {
    guard text.utf8.count <= 200, let bytes = Base64.decode(text),
      let plain = String(validating: bytes, as: UTF8.self)
    else { return nil }
    let parts = plain.split(separator: "|", omittingEmptySubsequences: false)
    guard parts.count == 4, let at = Int64(parts[1]), let sequence = Int64(parts[2]), let ordinal = Int32(parts[3]),
      sequence >= 0, ordinal >= 0, case let moment = Timestamp(rawValue: at), QuestionTime.bounded(moment) == moment,
      Symbol(parts[0]) != nil
    else { return nil }
    symbol = String(parts[0])
    cursor = MarketCursor(
      at: moment, sequence: Sequence(rawValue: sequence), ordinal: ordinal)
  }

  /// The token.
  var text: String {
    Base64.encode(Array("\(symbol)|\(cursor.at.rawValue)|\(cursor.sequence)|\(cursor.ordinal)".utf8))
  }
}
