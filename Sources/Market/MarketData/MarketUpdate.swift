/// What everybody may see of an instrument from one command of its shard to a later one.
public struct MarketUpdate: Hashable, Sendable {
  /// A level that differs from what was published before; without shares when it is gone.
  public struct Change: Hashable, Sendable {
    /// Which side.
    public var side: Side
    /// The price and the shares that stand there now.
    public var level: PriceLevelView

    /// Makes a change.
    public init(side: Side, level: PriceLevelView) {
      self.side = side
      self.level = level
    }
  }

  /// Which instrument.
  public var instrument: InstrumentID
  /// The command after which the book stands as it says.
  public var sequence: Sequence
  /// The command of the update before; nil when this one carries the whole book.
  public var previous: Sequence?
  /// When the command was settled.
  public var at: Timestamp
  /// Trades since the update before, in order.
  public var trades: [TradePrint]
  /// Best bid and ask, and when they came about.
  public var quote: Quote
  /// Whether the quote differs from the update before.
  public var isQuoteNew: Bool
  /// Levels that changed, or all of them.
  public var changes: [Change]
  /// The ``DepthChecksum`` of the book.
  public var checksum: UInt32

  /// Makes an update.
  public init(
    instrument: InstrumentID, sequence: Sequence, previous: Sequence?, at: Timestamp, trades: [TradePrint],
    quote: Quote, isQuoteNew: Bool, changes: [Change], checksum: UInt32
  ) {
    self.instrument = instrument
    self.sequence = sequence
    self.previous = previous
    self.at = at
    self.trades = trades
    self.quote = quote
    self.isQuoteNew = isQuoteNew
    self.changes = changes
    self.checksum = checksum
  }

  /// Whether it says that nothing stands in the whole book.
  public var isEmptyBook: Bool { previous == nil && changes.isEmpty }

  /// Takes in the update that follows this one, so that both go out as one.
  public mutating func absorb(_ next: MarketUpdate) {
    precondition(next.instrument == instrument, "an update of another instrument")
    let trades = trades + next.trades
    guard next.previous != nil else {
      let wasQuoteNew = isQuoteNew
      self = next
      self.trades = trades
      isQuoteNew = wasQuoteNew || next.isQuoteNew
      return
    }
    // The later word on a level counts; who reads the whole has no use for levels that are gone.
    let replaced = Set(next.changes.map { LevelName(side: $0.side, price: $0.level.price) })
    changes.removeAll { replaced.contains(LevelName(side: $0.side, price: $0.level.price)) }
    changes += previous == nil ? next.changes.filter { $0.level.size > .zero } : next.changes
    self.trades = trades
    isQuoteNew = isQuoteNew || next.isQuoteNew
    (sequence, at, quote, checksum) = (next.sequence, next.at, next.quote, next.checksum)
  }

  private struct LevelName: Hashable {
    var side: Side
    var price: Price
  }
}

extension MarketDepth {
  /// What an update does to a copy of a book.
  public enum Verdict: Hashable, Sendable {
    /// The copy stands where the update says, and its checksum agrees.
    case followed
    /// The copy has it already.
    case known
    /// Something between is missing, or the copy is wrong: a whole book is needed.
    case broken
  }

  /// Follows an update. One that begins before where the copy stands is followed too: it names all levels that changed
  /// since it began.
  @discardableResult
  public mutating func follow(_ update: MarketUpdate) -> Verdict {
    if let previous = update.previous {
      guard update.sequence > sequence else { return .known }
      guard previous <= sequence else { return .broken }
    } else {
      self = MarketDepth(sequence: update.sequence, at: update.at)
    }
    for change in update.changes { set(change.side, change.level) }
    (sequence, at) = (update.sequence, update.at)
    return checksum == update.checksum ? .followed : .broken
  }
}
