public import Market

/// What operators do with instruments. An instrument's shard is chosen once: its books and its log are there.
public protocol InstrumentOperations: TradingHalts {
  /// Adds an instrument; asking again with equal content changes nothing.
  /// - Parameter shard: Where it goes; nil takes the shard with the fewest instruments.
  func add(_ listing: InstrumentListing, shard: Shard?) async throws(AdministrationError) -> StoredInstrument

  /// Adds and updates instruments, all or none. Instruments that the list does not name stay as they are.
  func importAll(_ listings: [InstrumentListing]) async throws(AdministrationError) -> InstrumentChanges

  /// All instruments by symbol.
  func list() async throws(AdministrationError) -> [StoredInstrument]

  /// Sets how wide price bands are. The leader tells instruments their bands, or that they have none any more.
  /// - Parameters:
  ///   - tier: Nil for no bands.
  ///   - symbol: Which instrument; nil for all.
  func setBands(_ tier: BandTier?, of symbol: Symbol?) async throws(AdministrationError) -> BandSetting
}

/// An instrument as it is stored.
public struct StoredInstrument: Hashable, Sendable {
  /// What the list says of it.
  public var listing: InstrumentListing
  /// Its shard.
  public var shard: Shard
  /// Why it is halted; nil when it is not.
  public var haltReason: String?
  /// Whether it may trade at all, halts aside.
  public var isTradable: Bool
  /// Whether orders are collected during its halt.
  public var collects: Bool
  /// When the trading pause ends that it is in; nil when its halt is an operator's.
  public var pausedUntil: Timestamp?
  /// How wide its price bands are; nil for none.
  public var bandTier: BandTier?

  /// Describes an instrument.
  public init(
    listing: InstrumentListing, shard: Shard, haltReason: String? = nil, isTradable: Bool = true,
    collects: Bool = false,
    pausedUntil: Timestamp? = nil, bandTier: BandTier? = nil
  ) {
    self.listing = listing
    self.shard = shard
    self.haltReason = haltReason
    self.isTradable = isTradable
    self.collects = collects
    self.pausedUntil = pausedUntil
    self.bandTier = bandTier
  }
}

/// What a change of the list did.
public struct InstrumentChanges: Hashable, Sendable {
  /// Instruments that are new.
  public var added: Int
  /// Instruments whose name, exchange or reference price changed.
  public var updated: Int
  /// Instruments that stood there already.
  public var unchanged: Int

  /// Counts changes.
  public init(added: Int = 0, updated: Int = 0, unchanged: Int = 0) {
    self.added = added
    self.updated = updated
    self.unchanged = unchanged
  }
}

/// How many instruments a setting of price bands meant, and how many it changed.
public struct BandSetting: Hashable, Sendable {
  /// Instruments that were meant.
  public var instruments: Int64
  /// Instruments that had another setting.
  public var changed: Int64

  /// Counts instruments.
  public init(instruments: Int64, changed: Int64) {
    self.instruments = instruments
    self.changed = changed
  }
}
