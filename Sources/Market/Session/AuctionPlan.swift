/// An instrument whose auction is being executed, as far as its log has been processed.
public struct AuctionProgress: Hashable, Sendable {
  /// Which instrument.
  public var instrument: InstrumentID
  /// Its shard.
  public var shard: Shard
  /// The log row of the last part that it was told; zero before the first that it ever was told.
  public var instructed: Sequence
  /// The last row of its shard's log that has been processed.
  public var processed: Sequence
  /// About how many orders are left to trade or to end.
  public var left: Int64
  /// Whether no worker could carry out the last part: it waits for an operator.
  public var isHeld: Bool

  /// Describes an instrument.
  public init(
    _ instrument: InstrumentID, shard: Shard, instructed: Sequence, processed: Sequence, left: Int64,
    isHeld: Bool = false
  ) {
    self.instrument = instrument
    self.shard = shard
    self.instructed = instructed
    self.processed = processed
    self.left = left
    self.isHeld = isHeld
  }
}

/// What instruments of one shard are told of their auctions, in one transaction.
public struct AuctionBatch: Hashable, Sendable {
  /// What one instrument is told.
  public struct Instruction: Hashable, Sendable {
    /// Which instrument.
    public var instrument: InstrumentID
    /// The last part that was seen. When another has been told since, nothing of the batch is told.
    public var seen: Sequence
    /// How many parts.
    public var parts: Int
    /// Trades of each, at most.
    public var limit: Int16

    /// Its log rows.
    public var commands: [Command] {
      Array(repeating: .cross(AuctionPart(instrument, limit: limit)), count: parts)
    }
  }

  /// Whose log.
  public var shard: Shard
  /// What its instruments are told.
  public var instructions: [Instruction]

  /// Its log rows.
  public var commands: [Command] { instructions.flatMap(\.commands) }
}

/// How the parts of auctions are paced: an instrument is told the next when those before have been processed.
///
/// Parts that find nothing left to do change nothing, so that it does not matter who tells them and how often.
public struct AuctionPlan: Hashable, Sendable {
  /// Trades that a part makes, or orders that it ends, at most.
  public var partLimit = AuctionTerms.usualPartLimit
  /// Parts of one shard that are told at a time at most: who enters an order there waits behind them.
  public var partsOfShard = 8
  /// Parts of all shards at a time at most; many shards share them, and each gets one.
  public var partsAhead = 32

  /// The usual bounds.
  public init() {}

  /// What is told next, by ascending shards.
  public func batches(_ allProgress: [AuctionProgress]) -> [AuctionBatch] {
    let ready = allProgress.filter { !$0.isHeld && $0.instructed <= $0.processed }
    let shards = Dictionary(grouping: ready, by: \.shard)
    let share = max(1, min(partsOfShard, partsAhead / max(1, Set(allProgress.map(\.shard)).count)))
    return shards.sorted { $0.key < $1.key }.map { shard, allProgress in
      var room = share
      var instructions: [AuctionBatch.Instruction] = []
      for progress in allProgress.sorted(by: { $0.instrument < $1.instrument }) where room > 0 {
        // A trade fills one order at least, and mostly two.
        let wanted = (progress.left / 2 + Int64(partLimit) - 1) / Int64(partLimit)
        let parts = Int(max(1, min(wanted, Int64(room))))
        room -= parts
        instructions.append(
          .init(instrument: progress.instrument, seen: progress.instructed, parts: parts, limit: partLimit))
      }
      return AuctionBatch(shard: shard, instructions: instructions)
    }
  }
}
