public import Market
public import Sharding

/// Where the market's clock is read.
public protocol MarketClockReader: Sendable {
  /// The clock and the calendar as they stand.
  func clock() async throws(StoreError) -> MarketClockReading
}

/// Where the market's clock is remembered, and what instruments have been told of their day.
///
/// What is written is fenced by the leader's term.
public protocol MarketDayStore: MarketClockReader {
  /// The latest stage that any instrument has been told; nil when none was told anything.
  func latestInstructed() async throws(StoreError) -> SessionPoint?

  /// Remembers a clock, if it stands as it was read.
  /// - Returns: Whether the term stands.
  func remember(_ record: MarketClockRecord, insteadOf read: MarketClockRecord, within leadership: Leadership)
    async throws(StoreError) -> Bool

  /// Instruments that are not where they ought to be, or whose close has not been cleared.
  func behind(_ goal: MarketDirector.Goal) async throws(StoreError) -> [InstrumentProgress]

  /// What has to expire of instruments whose last row has been processed.
  /// - Parameter moment: Orders that are good until canceled and were accepted before are too old.
  /// - Returns: An entry for each of the instruments.
  func dueOrders(of allProgress: [InstrumentProgress], untilCanceledBefore moment: Timestamp)
    async throws(StoreError) -> [InstrumentID: DueOrders]

  /// Appends what instruments are told to their shard's log: all of a batch or nothing.
  func append(_ batch: MarketBatch, within leadership: Leadership, at now: Timestamp) async throws(StoreError)
    -> AppendOutcome

  /// Instruments whose auctions are being executed, as far as their logs have been processed.
  func auctions() async throws(StoreError) -> [AuctionProgress]

  /// Appends further parts of auctions to their shard's log: all of a batch or nothing.
  func append(_ batch: AuctionBatch, within leadership: Leadership, at now: Timestamp) async throws(StoreError)
    -> AppendOutcome

  /// Notes that nothing is left to expire, of instruments that have been told nothing since they were seen.
  /// - Returns: Whether the term stands.
  func clear(_ allProgress: [InstrumentProgress], within leadership: Leadership) async throws(StoreError) -> Bool
}

/// The market's clock as it was read.
public struct MarketClockReading: Hashable, Sendable {
  /// What is remembered of it.
  public var record: MarketClockRecord
  /// The days of trading, with those that operators have changed.
  public var calendar: TradingCalendar

  /// Describes a reading.
  public init(record: MarketClockRecord = MarketClockRecord(), calendar: TradingCalendar = .regular) {
    self.record = record
    self.calendar = calendar
  }
}

/// How a batch ended.
public enum AppendOutcome: Hashable, Sendable {
  /// It is in the log.
  case appended([LogEntry])
  /// An instrument has been told something else since it was seen: nothing was appended.
  case outdated
  /// Another has been elected: nothing was appended.
  case termEnded
}
