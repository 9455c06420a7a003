/// What a process uses a store for in a loop of its own, where no caller waits for the error. Raw values are the words of
/// metrics and logs.
public enum PortUse: String, Hashable, Sendable, CaseIterable {
  /// Reading a shard's log.
  case log
  /// Asking how a shard stands that was claimed.
  case attempts = "standing"
  /// Asking how far the shards' logs go.
  case logEnds = "log_ends"
  /// Remembering and taking back tries of commands that are worked alone.
  case tries
  /// Asking which history the database writes.
  case timeline = "history"
  /// Trimming streams behind what is settled.
  case trimming
  /// Publishing log rows into the shards' streams.
  case publishing
  /// Looking at the fleet, claiming and handing over.
  case fleet
  /// Leading: the leader's lease and its targets.
  case leading
  /// Giving leases and heartbeats back.
  case leases
  /// Preparing shards that are handed over.
  case handOver = "hand_over"
  /// Renewing the marks of published market data.
  case marketMarks = "market_marks"
  /// Keeping the history of quotes.
  case quoteArchive = "quote_history"
  /// Writing down the fleet's history.
  case fleetHistory = "fleet_history"
  /// Reading the shards' lags, by which too many orders are turned away.
  case lags
  /// Reading the market's clock.
  case marketClock = "market_clock"
  /// Comparing this host's clock with the database's.
  case hostClock = "host_clock"
  /// Looking for accounts with news.
  case news
  /// Looking for keys that were revoked.
  case keys
  /// Reading the list of instruments for live market data.
  case instruments
  /// Following live market data.
  case marketStream = "market_stream"
  /// Reading books.
  case depth
  /// Reading bars.
  case bars
  /// Reading how instruments trade.
  case statuses
  /// Reading how auctions stand.
  case auctions
  /// Reading an order that was placed before, to answer a repeated request with how it stands.
  case orders
  /// Finding out whose key a client has shown on a stream.
  case authentication
  /// Asking whether the database is there.
  case readiness
}
