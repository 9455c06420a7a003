public import Market

/// Tells what is wrong with the exchange.
public protocol FindingReader: Sendable {
  /// What is wrong, the worst first. It answers whatever is away, within a bound.
  func findings() async -> [Finding]
}

/// Looks at the exchange again and again and remembers since when something has been wrong.
public actor FindingMonitor: FindingReader {
  /// How often it looks by itself.
  public static let period = Duration.seconds(5)
  /// How old a look may be that is shown again: however many ask, the stores are asked once a second.
  private static let freshness: Int64 = 1_000_000

  private let poll: @Sendable () async -> FleetHealth
  private var memory: FindingMemory
  private var latest: (at: Timestamp, findings: [Finding])?
  private var polling: Task<[Finding], Never>?
  private let now: @Sendable () -> Timestamp

  /// Makes a watch.
  /// - Parameters:
  ///   - look: Looks once; ``FleetHealthInquiry/health()``.
  ///   - now: A clock that does not jump.
  public init(
    limits: FindingLimits = FindingLimits(), now: @escaping @Sendable () -> Timestamp,
    poll: @escaping @Sendable () async -> FleetHealth
  ) {
    memory = FindingMemory(limits: limits)
    self.now = now
    self.poll = poll
  }

  public func findings() async -> [Finding] {
    if let latest, now().microseconds(since: latest.at) < Self.freshness { return latest.findings }
    if let polling { return await polling.value }
    let task = Task { judge(await poll()) }
    polling = task
    return await task.value
  }

  /// Looks until the task is canceled.
  /// - Parameter show: Hears what is wrong after each look.
  public func run(_ show: @Sendable ([Finding]) -> Void) async {
    while !Task.isCancelled {
      show(await findings())
      try? await Task.sleep(for: Self.period)
    }
  }

  private func judge(_ health: FleetHealth) -> [Finding] {
    let findings = memory.judge(health)
    latest = (now(), findings)
    polling = nil
    return findings
  }
}
