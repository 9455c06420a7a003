internal import Lifecycle
public import Market
public import Ports

/// Compares this host's clock with the database's: at the start, every minute, and as soon as it jumps.
public final class ClockMonitor: Sendable {
  /// Something about the clock that an operator wants to know.
  public enum Event: Hashable, Sendable {
    /// It is off by more than the warning's bound.
    case off(ClockSkew)
    /// It is off by so much that the process does not work.
    case refused(ClockSkew)
    /// It is right again.
    case right
  }

  private enum Verdict: Hashable {
    case right
    case off
    case refused
  }

  private struct State {
    var skew: ClockSkew?
    var verdict = Verdict.right
  }

  /// How often the clocks are compared.
  static let period = Duration.seconds(60)
  /// How often it is looked whether this host's clock has jumped.
  public static let poll = Duration.seconds(1)
  /// What is a jump.
  static let jump = Duration.milliseconds(500)

  private let database: any DatabaseClock
  /// What is too much for work.
  public let bound: Duration
  private let warned: Duration
  private let troubles: PortTroubles
  private let wall: @Sendable () -> Timestamp
  private let steady: @Sendable () -> Duration
  private let report: @Sendable (Event) -> Void
  private let state = Lock(State())

  /// Makes a watch; ``run()`` brings it to life.
  /// - Parameters:
  ///   - bound: By how much the clock may be off for the process to work.
  ///   - warned: By how much it may be off without a word.
  ///   - wall: This host's clock.
  ///   - steady: A clock that only moves forward and does not jump.
  ///   - report: Hears when the clock is found wrong and when it is right again; must not block.
  public init(
    database: any DatabaseClock, bound: Duration, warned: Duration = FindingLimits().skewWarned, troubles: PortTroubles,
    wall: @escaping @Sendable () -> Timestamp, steady: @escaping @Sendable () -> Duration,
    report: @escaping @Sendable (Event) -> Void
  ) {
    self.database = database
    self.bound = bound
    self.warned = warned
    self.troubles = troubles
    self.wall = wall
    self.steady = steady
    self.report = report
  }

  /// How the clock stood last; nil before it has been compared.
  public var skew: ClockSkew? { state.withLock { $0.skew } }

  /// Whether the clock has been compared and is near enough to the database's.
  public var isFit: Bool { state.withLock { $0.skew != nil && $0.verdict != .refused } }

  /// Why the process must not work; nil when it may, as far as the clock goes.
  public var complaint: String? {
    let (skew, verdict) = state.withLock { ($0.skew, $0.verdict) }
    guard let skew else { return "this host's clock has not been compared with the database's yet" }
    return verdict == .refused ? "this host's clock is \(skew.words); look at its time service" : nil
  }

  /// Compares until the task is canceled.
  public func run() async {
    var retry = PortRetry(Backoff(base: .milliseconds(100), ceiling: .seconds(5)))
    while !Task.isCancelled {
      do throws(StoreError) {
        try await compare()
        retry.succeeded()
        await rest()
      } catch {
        troubles.failed(.hostClock, error)
        try? await Task.sleep(for: retry.failed(now: ContinuousClock().now, random: .random(in: 0 ... .max)))
      }
    }
  }

  /// Compares once.
  public func compare() async throws(StoreError) {
    let asked = wall()
    let moment = try await database.moment()
    let skew = ClockSkew(asked: asked, database: moment, answered: wall())
    troubles.succeeded(.hostClock)
    let verdict: Verdict = skew.size > bound ? .refused : skew.size > warned ? .off : .right
    let isNews = state.withLock { state in
      defer { (state.skew, state.verdict) = (skew, verdict) }
      return state.verdict != verdict
    }
    guard isNews else { return }
    switch verdict {
    case .right: report(.right)
    case .off: report(.off(skew))
    case .refused: report(.refused(skew))
    }
  }

  /// Waits for the next comparison: a period, or until this host's clock has gone another way than the steady one.
  private func rest() async {
    let (wallBegan, began) = (wall(), steady())
    while !Task.isCancelled, steady() - began < Self.period {
      try? await Task.sleep(for: Self.poll)
      let passed = Duration.microseconds(wall().microseconds(since: wallBegan))
      let difference = passed - (steady() - began)
      if difference > Self.jump || difference < .zero - Self.jump { return }
    }
  }
}
