public import Market
public import Ports

/// What is known of the exchange at a moment, from one process's place: what it was told, or why it was told nothing.
public struct FleetHealth: Sendable {
  /// What this process itself has noticed.
  public struct OwnCounts: Hashable, Sendable {
    /// Stream entries that were refused lately: forged, damaged or of another history.
    public var refusedEntries: Int64 = 0
    /// Keys in Redis that were found damaged and replaced lately.
    public var damagedKeys: Int64 = 0

    /// Begins with nothing known.
    public init() {}
  }

  /// The moment, by a clock that does not jump.
  public var now: Timestamp
  /// The shards; the error when they could not be read.
  public var shards: Result<[ShardRecord], StoreError>
  /// What else the ledger knows.
  public var ledger: Result<DatabaseHealth, StoreError>
  /// Leases and workers.
  public var fleet: Result<FleetLeases, StreamError>
  /// How far this host's clock is ahead of the database's; negative when it is behind, nil when that is not known.
  public var clockSkew: Duration?
  /// What this process itself has noticed.
  public var own = OwnCounts()

  /// Makes a value.
  public init(
    now: Timestamp, shards: Result<[ShardRecord], StoreError>, ledger: Result<DatabaseHealth, StoreError>,
    fleet: Result<FleetLeases, StreamError>, clockSkew: Duration? = nil
  ) {
    self.now = now
    self.shards = shards
    self.ledger = ledger
    self.fleet = fleet
    self.clockSkew = clockSkew
  }
}
