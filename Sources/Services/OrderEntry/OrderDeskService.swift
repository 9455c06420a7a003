public import Accounting
internal import Lifecycle
public import Market
public import Ports

/// The desk: spreads requests over lanes by shard, keeps them from a shard that is too far behind, and publishes what is
/// accepted.
public final class OrderDeskService: OrderDesk {
  private let lanes: [AcceptLane]
  private let reader: any ShardLagReader
  private let settings: OrderDeskSettings
  private let publisher: LogPublisher
  private let troubles: PortTroubles
  private let lags = Lock<[Shard: ShardLag]>([:])
  private let random: @Sendable () -> UInt64

  /// One lane's connections.
  public struct LaneLedgers: Sendable {
    /// For most.
    public var main: any EntryLedger
    /// For requests of accounts that somebody holds: it may wait.
    public var aside: any EntryLedger

    /// Names them.
    public init(main: any EntryLedger, aside: any EntryLedger) {
      self.main = main
      self.aside = aside
    }
  }

  /// Makes a desk with one lane for each pair of ledgers.
  /// - Parameters:
  ///   - ledgers: One connection each.
  ///   - stream: Where accepted log rows are published; failures are only counted, owners find the rows in the log.
  ///   - reader: Tells the shards' lags.
  ///   - random: 64 bits by which pauses differ.
  public init(
    ledgers: [LaneLedgers], stream: any OrderStream, reader: any ShardLagReader, settings: OrderDeskSettings,
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
    lanes = ledgers.map { ledger in
      AcceptLane(ledger: ledger.main, aside: ledger.aside, settings: settings, now: now) {
        publisher.publish($0)
      }
    }
  }

  public func submit(_ request: EntryRequest) async -> DeskReply {
    let shard = request.shard
    if case .cancel = request {
      // Cancels make a shard's work less, never more: they are let through.
    } else if let lag = lags.withLock({ $0[shard]?.commands }), lag > settings.shardLagLimit {
      return .busy(retryAfter: .seconds(1))
    }
    return await lanes[Int(shard.rawValue.magnitude) % lanes.count].submit(request)
  }

  /// Keeps the lags up to date until the task is cancelled. While the database is away the last known ones stand.
  public func run() async {
    var retry = PortRetry(Backoff(base: settings.lagPeriod, ceiling: settings.lagCeiling))
    while !Task.isCancelled {
      var pause = settings.lagPeriod
      do throws(LedgerError) {
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

  /// Requests of held accounts that are set aside, by lane.
  package var asideCounts: [Int] {
    get async {
      var counts: [Int] = []
      for lane in lanes { counts.append(await lane.asideCount) }
      return counts
    }
  }

  /// Requests that wait, by lane.
  package var waitingCounts: [Int] {
    get async {
      var counts: [Int] = []
      for lane in lanes { counts.append(await lane.waitingCount) }
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
