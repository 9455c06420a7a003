public import Market

/// Keeps holders' lists of instruments.
public protocol WatchlistStore: Sendable {
  /// An account's lists, the oldest first.
  func watchlists(of account: AccountNumber) async throws(StoreError) -> [Watchlist]

  /// One list, or nil.
  func watchlist(_ name: WatchlistName, of account: AccountNumber) async throws(StoreError) -> Watchlist?

  /// Makes a list.
  func createWatchlist(
    id: UniqueID, name: String, instruments: [InstrumentID], of account: AccountNumber
  ) async throws(StoreError) -> WatchlistOutcome

  /// Changes a list.
  func changeWatchlist(
    _ name: WatchlistName, _ change: WatchlistChange, of account: AccountNumber
  ) async throws(StoreError) -> WatchlistOutcome

  /// Removes a list; false when there is none.
  func deleteWatchlist(_ name: WatchlistName, of account: AccountNumber) async throws(StoreError) -> Bool
}

/// A named list of instruments.
public struct Watchlist: Hashable, Sendable {
  /// Most lists of one account.
  public static let maximumCount = 200
  /// Most instruments in one list.
  public static let maximumInstruments = 1_000
  /// The longest name, in characters.
  public static let maximumNameLength = 64

  public var id: UniqueID
  public var name: String
  /// In the order in which they were added.
  public var instruments: [InstrumentID]
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  /// Makes a list.
  public init(id: UniqueID, name: String, instruments: [InstrumentID], createdAt: Timestamp, updatedAt: Timestamp) {
    self.id = id
    self.name = name
    self.instruments = instruments
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }
}

/// How a client names a list.
public enum WatchlistName: Hashable, Sendable {
  case id(UniqueID)
  case name(String)
}

/// What a client changes in a list.
public enum WatchlistChange: Hashable, Sendable {
  /// A new name, if any, and new instruments, if any.
  case replace(name: String?, instruments: [InstrumentID]?)
  /// One more at the end; nothing when it is there.
  case add(InstrumentID)
  /// One less.
  case remove(InstrumentID)
}

/// What became of a list that was to be made or changed.
public enum WatchlistOutcome: Hashable, Sendable {
  case stored(Watchlist)
  /// There is no such list, or the instrument is not in it.
  case notFound
  /// Another list of the account has the name.
  case nameTaken
  /// The account has as many lists, or the list as many instruments, as there may be.
  case full
}
