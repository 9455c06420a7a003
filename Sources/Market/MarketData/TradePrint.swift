/// A trade as everybody may see it.
public struct TradePrint: Hashable, Sendable {
  /// Binary digits of ``id`` that count the trades of one command.
  static let ordinalBits = 20

  /// When it was settled.
  public var at: Timestamp
  /// The command that caused it.
  public var sequence: Sequence
  /// Its place among the events of the command.
  public var ordinal: Int32
  /// At what price.
  public var price: Price
  /// How many shares.
  public var size: Quantity
  /// The side that came second.
  public var taker: Side

  /// Makes a print.
  public init(at: Timestamp, sequence: Sequence, ordinal: Int32, price: Price, size: Quantity, taker: Side) {
    self.at = at
    self.sequence = sequence
    self.ordinal = ordinal
    self.price = price
    self.size = size
    self.taker = taker
  }

  /// A number that no other trade of the shard has, greater for later ones; below 2^53 for the first eight thousand million
  /// commands, so that clients that know floating point alone tell them apart.
  public var id: Int64 { sequence.rawValue << Self.ordinalBits | Int64(ordinal) & (1 << Self.ordinalBits - 1) }

  /// Its place among the trades of its instrument.
  public var cursor: MarketCursor { MarketCursor(at: at, sequence: sequence, ordinal: ordinal) }
}
