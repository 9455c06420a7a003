public import Accounting
internal import Lifecycle
public import Market
public import Ports

/// Acceptance: spreads requests over pipelines by shard, keeps them from a shard that is too far behind, and publishes what is
/// accepted.
public final class OrderAcceptanceService: OrderAcceptor {
  private let pipelines: [AcceptancePipeline]
  private let reader: any ShardLagReader
  private let settings: OrderAcceptanceSettings
  private let publisher: LogPublisher
  private let troubles: PortTroubles
  private let lags = Lock<[Shard: ShardLag]>([:])
  private let random: @Sendable () -> UInt64

  /// One pipeline's connections.
  public struct PipelineLedgers: Sendable {
    /// For most.
    public var main: any AcceptanceLedger
    /// For requests of accounts that somebody holds: it may wait.
    public var aside: any AcceptanceLedger

    /// Names them.
    public init(main: any AcceptanceLedger, aside: any AcceptanceLedger) {
      self.main = main
      self.aside = aside
    }
  }

  /// Makes acceptance with one pipeline for each pair of ledgers.
  /// - Parameters:
  ///   - ledgers: One connection each.
  ///   - stream: Where accepted log rows are published; failures are only counted, owners find the rows in the log.
  ///   - reader: Tells the shards' lags.
  ///   - random: 64 bits by which pauses differ.
  public init(
    ledgers: [PipelineLedgers], stream: any OrderStream, reader: any ShardLagReader, settings: OrderAcceptanceSettings,
    troubles: PortTroubles = PortTroubles { _ in }, now: @escaping @Sendable () -> Timestamp,
    random: @escaping @Sendable () -> UInt64 = { .random(in: 0 ... .max) }
  ) {
    precondition(!ledgers.isEmpty)
    self.random = random
    self.troubles = troubles
    let publisher = LogPublisher(stream: stream, troubles: troubles)
    self.publisher = publisher
    self.reader = reader
    self.settings = settings
    pipelines = ledgers.map { ledger in
      AcceptancePipeline(ledger: ledger.main, aside: ledger.aside, settings: settings, now: now) {
        publisher.publish($0)
      }
    }
  }

  public func submit(_ request: AcceptanceRequest) async -> AcceptanceReply {
    let shard = request.shard
    if case .cancel = request {
      // Cancels make a shard's work less, never more: they are let through.
    } else if let lag = lags.withLock({ $0[shard]?.commands }), lag > settings.shardLagLimit {
      return .busy(retryAfter: .seconds(1))
    }
    return await pipelines[Int(shard.rawValue.magnitude) % pipelines.count].submit(request)
  }

  /// Keeps the lags up to date until the task is canceled. While the database is away the last known ones stand.
  public func run() async {
    var retry = PortRetry(Backoff(base: settings.lagPeriod, ceiling: settings.lagCeiling))
    while !Task.isCancelled {
      var pause = settings.lagPeriod
      do throws(StoreError) {
        let current = try await reader.lags()
        lags.withLock { $0 = current }
        troubles.succeeded(.lags)
        retry.succeeded()
      } catch {
        troubles.failed(.lags, error)
        pause += retry.failed(now: ContinuousClock().now, random: random())
      }
      try? await Task.sleep(for: pause)
    }
  }

  /// Requests of held accounts that are set aside, by pipeline.
  package var asideCounts: [Int] {
    get async {
      var counts: [Int] = []
      for pipeline in pipelines { counts.append(await pipeline.asideCount) }
      return counts
    }
  }

  /// Requests that wait, by pipeline.
  package var waitingCounts: [Int] {
    get async {
      var counts: [Int] = []
      for pipeline in pipelines { counts.append(await pipeline.waitingCount) }
      return counts
    }
  }

  /// How far behind the shards were when it was read last; none before that.
  public var shardLags: [Shard: ShardLag] { lags.withLock { $0 } }

  /// Log rows that could not be published so far.
  public var unpublished: Int { publisher.failures }
}

/// Publishes log rows in order, in the background, without ever holding an answer up.
///
/// Rows wait in a bounded list while the stream is slow; when it is full or the stream fails, rows are dropped: the log has
/// them.
final class LogPublisher: Sendable {
  /// Rows that may wait.
  static let waitingLimit = 50_000

  private let stream: any OrderStream
  private let troubles: PortTroubles
  private let queue = BackgroundQueue<[LogEntry]>()
  private let dropped = Lock(0)

  init(stream: any OrderStream, troubles: PortTroubles) {
    self.stream = stream
    self.troubles = troubles
  }

  var failures: Int { dropped.withLock { $0 } }

  func publish(_ entries: [LogEntry]) {
    let isTaken = queue.add(sending: { [self] in await send($0) }) { waiting in
      guard waiting.count + entries.count <= Self.waitingLimit else { return false }
      waiting += entries
      return true
    }
    if !isTaken { dropped.withLock { $0 += entries.count } }
  }

  private func send(_ batch: [LogEntry]) async {
    do throws(StreamError) {
      try await stream.publish(batch)
      troubles.succeeded(.publishing)
    } catch {
      troubles.failed(.publishing, error)
      dropped.withLock { $0 += batch.count }
    }
  }
}
