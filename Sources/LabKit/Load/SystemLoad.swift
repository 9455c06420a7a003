internal import HTTPLoad
internal import Lifecycle

/// A load on a gateway over HTTP: at a given rate whatever the answers (open loop), or as much as is answered (closed loop).
///
/// Nothing is sent twice: an answer that fails is counted.
package struct SystemLoad {
  /// How requests follow each other.
  package enum Mode: Sendable, Equatable {
    /// So many requests a second, sent when they are due; latencies count from that moment.
    case open(rate: Int)
    /// So many requests in flight, each followed by the next; latencies count from the sending.
    case closed(inFlight: Int)
  }

  /// Requests that an open loop has in flight at most; beyond it sending is late, which the latencies show.
  package static let openInFlightLimit = 20_000
  /// Nanoseconds that sending may be late so that requests go out in batches.
  private static let grain: Int64 = 100_000
  /// Nanoseconds that the answers still under way at the end are waited for.
  private static let patience: Int64 = 60_000_000_000

  private struct Flight {
    var request: TradingRequest
    /// When it was due; nil in a closed loop.
    var due: Int64?
  }

  private let client: TradingClient
  private let mode: Mode
  private let duration: Duration
  private let isStopRequested: @Sendable () -> Bool
  private var plan: LoadPlan
  private var flights: [UInt64: Flight] = [:]
  private var nextToken: UInt64 = 1
  private var result = SystemLoadResult()

  /// A load of what `plan` decides for `duration`.
  package init(
    _ plan: LoadPlan, client: TradingClient, mode: Mode, duration: Duration,
    isStopRequested: @escaping @Sendable () -> Bool = { false }
  ) {
    self.plan = plan
    self.client = client
    self.mode = mode
    self.duration = duration
    self.isStopRequested = isStopRequested
  }

  /// Runs to the end and waits for the last answers; blocks the calling thread.
  package mutating func run() -> SystemLoadResult {
    let start = HostClock.monotonicNanoseconds()
    switch mode {
    case .open(let rate): runOpen(OpenLoopSchedule(rate: rate, duration: duration, start: start))
    case .closed(let limit): runClosed(limit, until: start + duration.wholeNanoseconds)
    }
    result.sendingTime = HostClock.monotonicNanoseconds() - start
    let deadline = HostClock.monotonicNanoseconds() + Self.patience
    while !flights.isEmpty, HostClock.monotonicNanoseconds() < deadline { take(until: deadline) }
    result.unanswered = flights.count
    result.elapsed = HostClock.monotonicNanoseconds() - start
    return result
  }

  private mutating func runOpen(_ schedule: OpenLoopSchedule) {
    var schedule = schedule
    while let next = schedule.next, !isStopRequested() {
      let now = HostClock.monotonicNanoseconds()
      let due = schedule.due(at: now, limit: Self.openInFlightLimit - flights.count)
      send(due.map { schedule.moment($0) })
      take(until: max(schedule.next ?? next, now + Self.grain))
    }
  }

  private mutating func runClosed(_ limit: Int, until end: Int64) {
    while HostClock.monotonicNanoseconds() < end, !isStopRequested() {
      send([Int64?](repeating: nil, count: limit - flights.count))
      take(until: end)
    }
  }

  private mutating func send(_ moments: [Int64?]) {
    let requests = moments.map { due in
      let request = plan.next(token: nextToken)
      flights[nextToken] = Flight(request: request, due: due)
      nextToken += 1
      return request
    }
    result.sent += requests.count
    client.send(requests)
  }

  private mutating func take(until moment: Int64) {
    for completion in client.mailbox.take(until: moment) {
      guard let flight = flights.removeValue(forKey: completion.token) else { continue }
      let answer = TradingAnswer(completion.outcome, to: flight.request.call)
      if case .order(let identifier) = answer { plan.acknowledged(flight.request, as: identifier) }
      let latency = completion.receivedAt - (flight.due ?? completion.sentAt)
      result.take(answer, latency: latency)
    }
  }
}
