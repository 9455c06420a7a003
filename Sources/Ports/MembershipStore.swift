public import Market
public import Sharding

/// Who belongs to the fleet: heartbeats that expire, connections that break.
public protocol MembershipStore: Sendable {
  /// Says that a worker is alive, for `lifetime`. What it says of its connection is filled in.
  /// - Returns: What an operator has told the worker since its last beat; nil when nothing.
  func beat(_ heartbeat: Heartbeat, lifetime: Duration) async throws(StreamError) -> WorkerInstruction?

  /// Takes a worker's heartbeat away, at its orderly end.
  func leave(_ worker: WorkerID) async throws(StreamError)

  /// The workers whose heartbeats stand.
  func workers() async throws(StreamError) -> [Heartbeat]

  /// Whether the connections that these heartbeats speak of stand; those of which it cannot be told are left out.
  func connected(_ heartbeats: [Heartbeat]) async throws(StreamError) -> [WorkerID: Bool]

  /// Tells a worker what to do; it hears it at its next beat, within `lifetime`.
  func instruct(_ worker: WorkerID, _ order: WorkerInstruction, lifetime: Duration) async throws(StreamError)
}

/// What an operator tells a worker.
public enum WorkerInstruction: String, Hashable, Sendable, CaseIterable {
  /// Hand all shards over and take none.
  case drain
  /// Take shards again.
  case resume
}

/// What a worker says of itself.
public struct Heartbeat: Hashable, Sendable {
  /// Its name.
  public var worker: WorkerID
  /// The host it runs on.
  public var host: String
  /// Its process id.
  public var pid: Int32
  /// The program's version.
  public var version: String
  /// When it started.
  public var startedAt: Timestamp
  /// Where its admin endpoint listens, as `host:port`; empty when nowhere.
  public var admin: String
  /// What it is ready to do.
  public var state: WorkerState
  /// How often it has beaten.
  public var beat: UInt64 = 0
  /// The shards it works on, and how much work they are.
  public var loads: [Shard: ShardLoad] = [:]
  /// The part of its time that it spends on rounds with commands in them, in thousandths.
  public var busyPermille = 0
  /// How long Redis takes to answer it.
  public var redisLatency = Duration.zero
  /// How long PostgreSQL takes to commit its settlements.
  public var commitLatency = Duration.zero
  /// The connection that ends with the process; nil when the store has none to speak of.
  public var connection: Connection?

  /// A connection as its server knows it.
  public struct Connection: Hashable, Sendable {
    /// The server's run: identifiers of another one say nothing.
    public var server: String
    /// The connection's number there.
    public var client: Int64

    /// Names a connection.
    public init(server: String, client: Int64) {
      self.server = server
      self.client = client
    }
  }

  /// Makes a heartbeat of a worker that has just started.
  public init(
    worker: WorkerID, host: String, pid: Int32, version: String, startedAt: Timestamp, admin: String = "",
    state: WorkerState = .active
  ) {
    self.worker = worker
    self.host = host
    self.pid = pid
    self.version = version
    self.startedAt = startedAt
    self.admin = admin
    self.state = state
  }

  /// The shards it works on, ascending.
  public var shards: [Shard] { loads.keys.sorted() }
  /// Commands it settles per second.
  public var commandsPerSecond: Int { loads.values.reduce(0) { $0 + $1.commandsPerSecond } }
}
