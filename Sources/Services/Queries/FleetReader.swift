internal import Lifecycle
public import Market
public import Ports

/// Tells how the fleet stands.
public protocol FleetReader: Sendable {
  /// Looks at all of it; Redis being away is part of the answer.
  /// - Throws: When PostgreSQL cannot be read.
  func fleet() async throws(StoreError) -> FleetStatus
}

/// Gathers the fleet's status from the ledger and the leases; remembers the last look, for rates.
public final class FleetInquiry: FleetReader {
  /// The shortest span between two looks that gives a rate.
  static let shortestSpan = Duration.milliseconds(100)

  private struct Poll: Sendable {
    var time: Timestamp
    var lags: [Shard: ShardLag]
  }

  /// Commands a second.
  struct Rates: Hashable, Sendable {
    /// Commands that are accepted per second.
    var arrivals: Int64
    /// Commands that are settled per second.
    var settled: Int64
  }

  private let shards: any ShardReader
  private let leases: any LeaseStore
  private let members: any MembershipStore
  private let leaders: any LeaderStore
  private let now: @Sendable () -> Timestamp
  private let last = Lock<Poll?>(nil)

  /// Reads from a ledger and from where leases and heartbeats are kept. `now` never runs backwards; its zero may be anywhere.
  public init(
    shards: any ShardReader, leases: any LeaseStore, members: any MembershipStore, leaders: any LeaderStore,
    now: @escaping @Sendable () -> Timestamp
  ) {
    self.shards = shards
    self.leases = leases
    self.members = members
    self.leaders = leaders
    self.now = now
  }

  /// Reads the ledger, then the leases.
  public func fleet() async throws(StoreError) -> FleetStatus {
    let records = try await shards.shards()
    let rates = rates(records)
    return FleetStatus(
      records: records, leases: await leases(of: records.map(\.shard)), rates: rates.mapValues(\.settled),
      arrivals: rates.mapValues(\.arrivals))
  }

  /// The fleet as a look found it; nil when the shards could not be read.
  public func status(of health: FleetHealth) -> FleetStatus? {
    guard let records = try? health.shards.get() else { return nil }
    let rates = rates(records)
    return FleetStatus(
      records: records, leases: health.fleet, rates: rates.mapValues(\.settled), arrivals: rates.mapValues(\.arrivals))
  }

  private func leases(of shards: [Shard]) async -> Result<FleetLeases, StreamError> {
    do throws(StreamError) {
      let held = try await leases.leases(of: shards)
      return .success(
        FleetLeases(leases: held, workers: try await members.workers(), seat: try await leaders.seat()))
    } catch {
      return .failure(error)
    }
  }

  /// Commands a second since the last look that is long enough ago.
  private func rates(_ records: [ShardRecord]) -> [Shard: Rates] {
    let time = now()
    let lags = Dictionary(uniqueKeysWithValues: records.map { ($0.shard, $0.lag) })
    return last.withLock { last in
      guard let before = last else {
        last = Poll(time: time, lags: lags)
        return [:]
      }
      let span = time.microseconds(since: before.time)
      guard time.span(since: before.time) >= Self.shortestSpan else { return [:] }
      last = Poll(time: time, lags: lags)
      func rate(_ new: Sequence, _ old: Sequence) -> Int64 { max(0, new.rawValue - old.rawValue) * 1_000_000 / span }
      return lags.reduce(into: [:]) { rates, entry in
        guard let earlier = before.lags[entry.key] else { return }
        rates[entry.key] = Rates(
          arrivals: rate(entry.value.last, earlier.last), settled: rate(entry.value.processed, earlier.processed))
      }
    }
  }
}
