internal import Lifecycle
package import Market
package import Ports
package import Sharding

/// Redis in memory: streams, leases, heartbeats and the leader's lease, all of which end by the clock, may be wiped, fall
/// back to an older state, or be written by strangers.
package final class MemoryRedis: Sendable {
  struct Stored: Sendable {
    var entry: StreamEntry
    /// Whether a program of ours has signed it.
    var isSigned = true
  }

  struct Ending<Value: Sendable>: Sendable {
    var value: Value
    var at: ContinuousClock.Instant
  }

  struct State: Sendable {
    var streams: [Shard: [Stored]] = [:]
    /// The server's clock in milliseconds, of which positions are made: it runs back after a fail-over to a slow host.
    var milliseconds: UInt64 = 1_000_000
    var counter: UInt64 = 0
    var leases: [Shard: Ending<Lease>] = [:]
    var heartbeats: [WorkerID: Ending<Heartbeat>] = [:]
    var orders: [WorkerID: WorkerInstruction] = [:]
    var seat: Ending<LeaderElection.Seat>?
    var assignment: Assignment?
    /// Accounts that have news, by the number of the entry that says so.
    var wakeUps: [(number: UInt64, accounts: [AccountNumber])] = []
    /// By which owner the books of a shard are kept.
    var marks: [Shard: Ending<UInt64>] = [:]
    var depths: [InstrumentID: MarketDepth] = [:]
    /// Workers whose connections are gone.
    var disconnected: Set<WorkerID> = []
  }

  /// What somebody may wait for.
  enum Channel: Hashable, Sendable {
    case entries
    case wakeUps
  }

  private struct Content {
    var state = State()
    /// What a replica has, which may take over.
    var replica = State()
    var isFull = false
    var readers: [Channel: [UInt64: CheckedContinuation<Void, Never>]] = [:]
    var lastReader: UInt64 = 0
  }

  private let content = Lock(Content())
  let missing: Guard?

  /// An empty server.
  package init(without missing: Guard? = nil) { self.missing = missing }

  func with<Answer: Sendable>(_ body: (inout State) -> Answer) -> Answer {
    content.withLock { content in
      content.state.endWhatIsOver(at: ContinuousClock().now)
      return body(&content.state)
    }
  }

  var isFull: Bool { content.withLock { $0.isFull } }

  // MARK: Who waits

  /// Waits until something is published, or a span is over.
  func wait(for channel: Channel, _ span: Duration) async {
    await withCheckedContinuation { reader in
      let number = content.withLock { content -> UInt64 in
        content.lastReader += 1
        content.readers[channel, default: [:]][content.lastReader] = reader
        return content.lastReader
      }
      Task {
        try? await Task.sleep(for: span)
        content.withLock { $0.readers[channel]?.removeValue(forKey: number) }?.resume()
      }
    }
  }

  func wake(_ channel: Channel) {
    let readers = content.withLock { $0.readers.removeValue(forKey: channel) ?? [:] }
    for reader in readers.sorted(by: { $0.key < $1.key }) { reader.value.resume() }
  }

  // MARK: What befalls it

  /// Everything is gone.
  package func wipe() { content.withLock { $0.state = State(milliseconds: $0.state.milliseconds) } }

  /// The replica keeps what there is now.
  package func replicate() { content.withLock { $0.replica = $0.state } }

  /// The replica takes over: what came since is gone, and positions may run back.
  package func failOver() { content.withLock { $0.state = $0.replica } }

  /// Memory is full, or not any more: nothing that needs memory is taken, but leases are kept.
  package func fill(_ isFull: Bool) { content.withLock { $0.isFull = isFull } }

  /// A stranger writes into a stream.
  package func forge(_ entry: LogEntry) { with { $0.append(entry, isSigned: false) } }

  /// An entry is there twice, or out of order.
  package func repeatEntry(of shard: Shard, at place: Int) {
    with { state in
      guard let stream = state.streams[shard], stream.indices.contains(place), let entry = stream[place].entry.entry
      else { return }
      state.append(entry, isSigned: stream[place].isSigned)
    }
  }

  /// An entry is lost.
  package func dropEntry(of shard: Shard, at place: Int) {
    with { state in
      guard state.streams[shard]?.indices.contains(place) == true else { return }
      state.streams[shard]!.remove(at: place)
    }
  }

  /// What is shown of an instrument's book.
  package func depth(of instrument: InstrumentID) -> MarketDepth? { with { $0.depths[instrument] } }

  /// How many entries a stream has.
  package func count(of shard: Shard) -> Int { with { $0.streams[shard]?.count ?? 0 } }

  /// Somebody writes a lease for a worker of another name.
  package func steal(_ shard: Shard, for owner: WorkerID, nonce: UInt64, lifetime: Duration) {
    with { state in
      state.leases[shard] = Ending(
        value: Lease(
          owner: owner, nonce: nonce, counter: 1, epoch: Epoch(rawValue: 0),
          remaining: lifetime),
        at: ContinuousClock().now + lifetime)
    }
  }

  /// An operator tells a worker something.
  package func report(_ worker: WorkerID, _ order: WorkerInstruction) { with { $0.orders[worker] = order } }

  /// A worker's connection is gone.
  package func disconnect(_ worker: WorkerID) { with { _ = $0.disconnected.insert(worker) } }
}

extension MemoryRedis.State {
  mutating func endWhatIsOver(at now: ContinuousClock.Instant) {
    for (shard, lease) in leases where lease.at <= now { leases[shard] = nil }
    for (worker, heartbeat) in heartbeats where heartbeat.at <= now { heartbeats[worker] = nil }
    for (shard, mark) in marks where mark.at <= now { marks[shard] = nil }
    if let seat, seat.at <= now { self.seat = nil }
  }

  /// The last that are kept: who is further behind looks for itself.
  private static var mostNudges: Int { 64 }

  mutating func notify(_ accounts: [AccountNumber]) {
    counter += 1
    wakeUps.append((counter, accounts))
    if wakeUps.count > Self.mostNudges { wakeUps.removeFirst() }
  }

  mutating func append(_ row: LogEntry, isSigned: Bool = true) {
    counter += 1
    milliseconds += counter.isMultiple(of: 3) ? 1 : 0
    let position = StreamPosition(milliseconds: milliseconds, counter: counter)
    streams[row.shard, default: []].append(
      .init(entry: StreamEntry(shard: row.shard, position: position, entry: row), isSigned: isSigned))
  }
}
