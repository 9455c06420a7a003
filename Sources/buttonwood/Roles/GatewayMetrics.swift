internal import HTTP
internal import Lifecycle
internal import Ports
internal import Services
internal import Telemetry

/// What a gateway counts.
struct GatewayMetrics: Sendable {
  private let answers: [Counter]
  private let dropped: Counter
  private let throttled: Counter
  private let latency: Histogram
  private let inFlight: Gauge
  private let retries: [StoreError.Cause: Counter]
  private let queues: [Gauge]
  private let asides: [Gauge]
  private let load = Load()

  /// By what the gateway tells callers to come again: read now and then, because it is spread over actors.
  private final class Load: Sendable {
    let lags = Lock<[Int64]?>(nil)
  }

  /// How often it is read.
  private static let period = Duration.seconds(1)

  /// Registers the gateway's instruments.
  /// - Parameters:
  ///   - pipelines: How many accepting transactions may be in flight.
  ///   - lagLimit: From how many commands that wait in a shard on its new orders are answered 429.
  init(_ metrics: Metrics, pipelines: Int, lagLimit: Int64) {
    answers = (1...5).map {
      metrics.counter(
        "buttonwood_http_requests_total", help: "Answered requests by class of status.", labels: ["status": "\($0)xx"])
    }
    dropped = metrics.counter(
      "buttonwood_http_requests_dropped_total", help: "Requests whose outcome is unknown: closed without an answer.")
    throttled = metrics.counter("buttonwood_http_requests_throttled_total", help: "Requests answered with 429.")
    latency = metrics.histogram("buttonwood_http_request_seconds", help: "From a request's end to its answer.")
    inFlight = metrics.gauge("buttonwood_http_requests_in_flight", help: "Requests being answered.")
    retries = metrics.counters(
      "buttonwood_accepts_retried_total",
      help: "Accepting transactions that were tried again, by what they failed with.")
    func gauges(_ name: String, _ help: String) -> [Gauge] {
      (0..<pipelines).map { pipeline in metrics.gauge(name, help: help, labels: ["lane": "\(pipeline)"]) }
    }
    queues = gauges("buttonwood_accept_queue_requests", "Requests that wait for their accepting transaction.")
    asides = gauges("buttonwood_accept_aside_requests", "Requests set aside because somebody holds their account.")
    let load = load
    metrics.gauge(
      "buttonwood_accept_lag_commands", help: "Commands accepted and not settled, all shards, as this gateway knows."
    ) { load.lags.withLock { $0 }?.reduce(0, +) }
    metrics.gauge(
      "buttonwood_accept_lag_commands_max",
      help: "Commands accepted and not settled of the shard that has most, as this gateway knows."
    ) { load.lags.withLock { $0 }?.max() }
    metrics.gauge(
      "buttonwood_accept_lag_limit_commands", help: "From so many on a shard's new orders are answered 429."
    ) { lagLimit }
  }

  /// Follows what acceptance knows until the task is canceled.
  func follow(_ acceptor: OrderAcceptanceService) async {
    while !Task.isCancelled {
      let lags = acceptor.shardLags
      load.lags.withLock { $0 = lags.isEmpty ? nil : lags.values.map(\.commands) }
      for (gauge, length) in zip(queues, await acceptor.waitingCounts) { gauge.set(Int64(length)) }
      for (gauge, count) in zip(asides, await acceptor.asideCounts) { gauge.set(Int64(count)) }
      try? await Task.sleep(for: Self.period)
    }
  }

  /// Counts an accepting transaction that is tried again.
  func countRetry(_ cause: StoreError.Cause) { retries[cause]?.add() }

  /// Counts a request while `handler` answers it.
  func counting(_ request: HTTPRequest, _ handler: (HTTPRequest) async -> HTTPResponse) async -> HTTPResponse {
    let start = HostClock.monotonicNanoseconds()
    inFlight.add(1)
    let response = await handler(request)
    inFlight.add(-1)
    latency.observe(HostClock.monotonicNanoseconds() - start)
    if response.dropsConnection {
      dropped.add()
    } else {
      answers[min(max(response.status / 100, 1), 5) - 1].add()
      if response.status == 429 { throttled.add() }
    }
    return response
  }
}
