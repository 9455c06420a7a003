internal import Lifecycle
public import Market
public import Ports

/// Gathers what is known of the exchange: each store for itself, and none for longer than a bound, so that there is an answer
/// whatever is away.
public final class FleetHealthInquiry: Sendable {
  /// How long a store may take.
  public static let patience = Duration.seconds(5)

  private let shards: BoundedQuestion<Result<[ShardRecord], StoreError>>
  private let ledger: BoundedQuestion<Result<DatabaseHealth, StoreError>>
  private let fleet: BoundedQuestion<Result<FleetLeases, StreamError>>
  private let patience: Duration
  private let skew: @Sendable () -> Duration?
  private let own: @Sendable () -> FleetHealth.OwnCounts
  private let now: @Sendable () -> Timestamp

  /// Reads from the ledger and from where leases and heartbeats are kept.
  /// - Parameters:
  ///   - skew: How far this host's clock is ahead of the database's, as far as that is known.
  ///   - own: What this process has noticed lately.
  ///   - now: The wall clock's time, by a clock that does not jump.
  public init(
    shards: any ShardReader, ledger: any HealthReader, leases: any LeaseStore, members: any MembershipStore,
    leaders: any LeaderStore, patience: Duration = FleetHealthInquiry.patience,
    skew: @escaping @Sendable () -> Duration? = { nil },
    own: @escaping @Sendable () -> FleetHealth.OwnCounts = { FleetHealth.OwnCounts() },
    now: @escaping @Sendable () -> Timestamp
  ) {
    // The shards that were read last tell which leases to ask for, also while the ledger is away.
    let known = Lock<[Shard]>([])
    self.shards = BoundedQuestion {
      do throws(StoreError) {
        let records = try await shards.shards()
        known.withLock { $0 = records.map(\.shard) }
        return .success(records)
      } catch {
        return .failure(error)
      }
    }
    self.ledger = BoundedQuestion {
      do throws(StoreError) { return .success(try await ledger.health()) } catch { return .failure(error) }
    }
    fleet = BoundedQuestion {
      do throws(StreamError) {
        return .success(
          FleetLeases(
            leases: try await leases.leases(of: known.withLock { $0 }), workers: try await members.workers(),
            seat: try await leaders.seat()))
      } catch {
        return .failure(error)
      }
    }
    self.patience = patience
    self.skew = skew
    self.own = own
    self.now = now
  }

  /// Looks once.
  public func health() async -> FleetHealth {
    let silence = "no answer within \(patience.components.seconds) s"
    async let ledger = ledger.answer(within: patience)
    // The shards come before the leases: which there are is what leases are asked for.
    let shards = await shards.answer(within: patience)
    let fleet = await fleet.answer(within: patience)
    var health = FleetHealth(
      now: now(), shards: shards ?? .failure(.unavailable(reason: silence)),
      ledger: await ledger ?? .failure(.unavailable(reason: silence)),
      fleet: fleet ?? .failure(StreamError(reason: silence)), clockSkew: skew())
    health.own = own()
    return health
  }
}
