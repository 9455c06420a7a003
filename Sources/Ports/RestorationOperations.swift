public import Market

/// What is done once behind the restoring of a backup, before anybody trades on it.
public protocol RestorationOperations: Sendable {
  /// Gives the history a new name and takes all shards from their owners, in one transaction.
  func restored() async throws(AdministrationError) -> RestorationReport
}

/// Lets go of what streams hold of another restoration of the ledger.
package protocol StreamRestoration: Sendable {
  /// Deletes shards' streams of log rows and of market data, whatever stands under their names, and the marks by which owners
  /// see that what is shown of their books is theirs: they publish them whole again.
  /// - Returns: How many entries of log rows there were.
  func forget(_ shards: [Shard]) async throws(StreamError) -> Int64
}

/// What was done behind the restoring of a backup.
public struct RestorationReport: Hashable, Sendable {
  /// The name that log rows and stream entries bear from now on.
  public var timeline: DatabaseTimeline
  /// The shards, all of which were taken from their owners.
  public var shards: [Shard]
  /// Log rows that stand in the restored log and are not settled yet.
  public var backlog: Int64

  /// Says what was done.
  public init(timeline: DatabaseTimeline, shards: [Shard], backlog: Int64) {
    self.timeline = timeline
    self.shards = shards
    self.backlog = backlog
  }
}
