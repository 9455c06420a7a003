internal import HTTP
internal import Lifecycle
internal import Ports
internal import Telemetry

/// What a gateway counts.
struct GatewayMetrics: Sendable {
  private let answers: [Counter]
  private let dropped: Counter
  private let throttled: Counter
  private let latency: Histogram
  private let inFlight: Gauge
  private let retries: [LedgerError.Cause: Counter]

  /// Registers the gateway's instruments.
  init(_ metrics: Metrics) {
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
  }

  /// Counts an accepting transaction that is tried again.
  func countRetry(_ cause: LedgerError.Cause) { retries[cause]?.add() }

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
