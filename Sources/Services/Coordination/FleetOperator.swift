public import Ports
public import Sharding

/// What an operator tells single workers.
public struct FleetOperator: Sendable {
  /// How long a word waits for its worker, which hears it at its next beat.
  static let patience = Duration.seconds(30)

  private let members: any MembershipStore

  /// Speaks through a membership store.
  public init(members: any MembershipStore) { self.members = members }

  /// Tells a worker to hand its shards over, or to take shards again.
  /// - Returns: How the worker stood; nil when there is none of that name, and nobody was told.
  public func instruct(_ worker: WorkerID, _ order: WorkerInstruction) async throws(StreamError) -> Heartbeat? {
    guard let heartbeat = try await find(worker) else { return nil }
    try await members.instruct(worker, order, lifetime: Self.patience)
    return heartbeat
  }

  /// A worker by its name; nil when none of that name beats.
  public func find(_ worker: WorkerID) async throws(StreamError) -> Heartbeat? {
    try await members.workers().first { $0.worker == worker }
  }

  /// All workers that beat, by name.
  public func workers() async throws(StreamError) -> [Heartbeat] {
    try await members.workers().sorted { $0.worker < $1.worker }
  }
}
