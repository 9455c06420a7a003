package import Recordings
internal import HTTPLoad
internal import Lifecycle

/// Carries a plan out: sends what it decides, tells it what is answered, shows how far it is.
package struct ReplayRun {
  /// What a run measured.
  package struct Result: Sendable {
    package var tally: ReplayTally
    /// From the socket to the socket, by kind; answers that accepted something.
    package var latencies: [ReplayTally.Kind: LatencyHistogram]
    /// Nanoseconds from the first request to the last answer.
    package var elapsed: Int64
    /// Shares each order was filled in the recording, by the row of its entry; empty unless they were kept.
    package var expectedFills: [Int: Int64]
    /// Why the recording could not be read to its end; nil when it was.
    package var failure: RecordingError?
    /// It was stopped before its end.
    package var wasStopped: Bool
  }

  /// Nanoseconds after which the loop looks around even if nothing happens.
  private static let patience: Int64 = 50_000_000

  private let client: TradingClient
  private var plan: ReplayPlan
  private var progress: ProgressBar?
  private let totalRows: Int?
  private let isStopRequested: @Sendable () -> Bool
  private var latencies: [ReplayTally.Kind: LatencyHistogram] = [:]
  private var failure: RecordingError?
  private var recent = RecentRate()

  /// A run of `plan` against `client`.
  ///
  /// - Parameters:
  ///   - totalRows: rows of the recording, for the progress bar.
  ///   - progress: nil shows nothing.
  ///   - isStopRequested: asked often; true ends the run as soon as what is under way is answered.
  package init(
    _ plan: ReplayPlan, client: TradingClient, totalRows: Int? = nil, progress: ProgressBar? = nil,
    isStopRequested: @escaping @Sendable () -> Bool = { false }
  ) {
    self.plan = plan
    self.client = client
    self.totalRows = totalRows
    self.progress = progress
    self.isStopRequested = isStopRequested
  }

  /// Runs to the end; blocks the calling thread.
  package mutating func run() -> Result {
    let start = HostClock.monotonicNanoseconds()
    var wasStopped = false
    while let wake = pump() {
      take(client.mailbox.take(until: wake))
      if !wasStopped, isStopRequested() {
        wasStopped = true
        plan.stop()
      }
      showProgress(since: start)
    }
    let elapsed = HostClock.monotonicNanoseconds() - start
    let last = state(elapsed: elapsed)
    progress?.finish(last)
    return Result(
      tally: plan.tally, latencies: latencies, elapsed: elapsed, expectedFills: plan.expectedFills, failure: failure,
      wasStopped: wasStopped)
  }

  /// Sends all that may go out now.
  /// - Returns: when to look again; nil when everything is done.
  private mutating func pump() -> Int64? {
    var requests: [TradingRequest] = []
    defer { client.send(requests, connection: plan.settings.isInOrder ? 0 : nil) }
    while true {
      let now = HostClock.monotonicNanoseconds()
      do throws(RecordingError) {
        switch try plan.next(now: now) {
        case .send(let request): requests.append(request)
        case .wait(let moment): return min(moment ?? .max, now + Self.patience)
        case .finished: return nil
        }
      } catch {
        failure = error
        plan.stop()
      }
    }
  }

  private mutating func take(_ completions: [HTTPCompletion]) {
    for completion in completions {
      let answer = TradingAnswer(completion.outcome)
      if answer.isAcceptance, let kind = plan.kind(of: completion.token) {
        latencies[kind, default: LatencyHistogram()].record(completion.receivedAt - completion.sentAt)
      }
      plan.take(answer, for: completion.token, now: HostClock.monotonicNanoseconds())
    }
  }

  private mutating func showProgress(since start: Int64) {
    let elapsed = HostClock.monotonicNanoseconds() - start
    recent.note(plan.tally.acceptedOrders, at: elapsed)
    guard progress?.isDue(elapsed) == true else { return }
    let current = state(elapsed: elapsed)
    progress?.show(current)
  }

  private func state(elapsed: Int64) -> ProgressBar.State {
    let tally = plan.tally
    return ProgressBar.State(
      done: tally.rows, total: totalRows, rate: recent.perSecond, errors: tally.unexpected + tally.lost,
      elapsed: elapsed)
  }
}

extension TradingAnswer {
  fileprivate var isAcceptance: Bool {
    switch self {
    case .order, .accepted: true
    default: false
    }
  }
}

/// A rate over about the last second.
private struct RecentRate {
  private var from: (count: Int, time: Int64) = (0, 0)
  private(set) var perSecond = 0

  mutating func note(_ count: Int, at time: Int64) {
    let span = time - from.time
    guard span >= 1_000_000_000 || (from.time == 0 && span >= 100_000_000) else { return }
    perSecond = Int(Int64(count - from.count) * 1_000_000_000 / span)
    if span >= 1_000_000_000 { from = (count, time) }
  }
}
