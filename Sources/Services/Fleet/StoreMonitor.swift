internal import Lifecycle
public import Ports

/// Asks both stores again and again, and tells when one is lost and when it is back.
public final class StoreMonitor: Sendable {
  /// A store.
  public enum Store: String, Hashable, Sendable, CaseIterable {
    case postgres
    case redis
  }

  /// How often each is asked.
  private static let period = Duration.milliseconds(500)
  /// How long it may take to answer.
  private static let patience = Duration.seconds(2)

  private let questions: [Store: BoundedQuestion<String?>]
  private let outages = Lock<[Store: StoreOutage]>([.postgres: StoreOutage(), .redis: StoreOutage()])
  private let clock: @Sendable () -> Duration
  private let report: @Sendable (Store, StoreOutage.Edge) -> Void

  /// Makes a watch; ``run()`` brings it to life.
  /// - Parameters:
  ///   - clock: A clock that only moves forward.
  ///   - report: Hears of edges.
  public init(
    postgres: any StoreProbe, redis: any StoreProbe, clock: @escaping @Sendable () -> Duration,
    report: @escaping @Sendable (Store, StoreOutage.Edge) -> Void
  ) {
    questions = [
      .postgres: BoundedQuestion { await postgres.ask() }, .redis: BoundedQuestion { await redis.ask() },
    ]
    self.clock = clock
    self.report = report
  }

  /// Whether a store answers.
  public func isUp(_ store: Store) -> Bool { outages.withLock { $0[store]?.isUp ?? true } }

  /// Something had to be refused for lack of a store.
  public func refused(_ store: Store, _ count: Int = 1) { outages.withLock { $0[store]?.refused(count) } }

  /// Asks until the task is canceled. A store that is slow does not keep the other from being asked.
  public func run() async {
    await LoopGroup.run(questions.map { store, question in { await self.follow(store, question) } })
  }

  private func follow(_ store: Store, _ question: BoundedQuestion<String?>) async {
    while !Task.isCancelled {
      let answer = await question.answer(within: Self.patience)
      let fault: String? =
        if let answer { answer } else { "no answer within \(Self.patience.components.seconds) s" }
      if let edge = outages.withLock({ $0[store]?.asked(fault, at: clock()) }) { report(store, edge) }
      try? await Task.sleep(for: Self.period)
    }
  }
}
