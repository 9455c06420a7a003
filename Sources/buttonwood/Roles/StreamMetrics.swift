internal import HTTP
internal import LiveStreams
internal import Telemetry

/// What a gateway counts of its streams.
struct StreamMetrics: TradeUpdateHubMeter {
  private let events: Counter
  private let failures: Counter
  private let delay: Histogram

  /// Registers the instruments.
  init(_ metrics: Metrics) {
    events = metrics.counter(
      "buttonwood_stream_events_total", help: "Events handed to streams, each once for every stream.")
    failures = metrics.counter(
      "buttonwood_stream_readings_failed_total", help: "Readings of events that failed and are made again.")
    delay = metrics.histogram(
      "buttonwood_stream_delay_seconds",
      help: "From the moment of an event's settlement, before its commit, until it is handed to the streams.")
  }

  func sent(events count: Int) { events.add(count) }
  func delivered(after span: Duration) { delay.observe(max(.zero, span)) }
  func readingFailed() { failures.add() }

  /// Shows what the server knows of its streams.
  static func show(_ server: HTTPServer, _ metrics: Metrics) {
    func gauge(_ name: String, _ help: String, _ read: @escaping @Sendable (HTTPStreamMetrics) -> Int) {
      metrics.gauge(name, help: help) { [weak server] in server.map { Int64(read($0.metrics.streams)) } }
    }
    func counter(_ name: String, _ help: String, _ read: @escaping @Sendable (HTTPStreamMetrics) -> Int) {
      metrics.counter(name, help: help) { [weak server] in server.map { Int64(read($0.metrics.streams)) } }
    }
    gauge("buttonwood_streams_open", "Open streams.") { $0.open }
    gauge("buttonwood_stream_queued_bytes", "Bytes that wait for clients of streams.") { $0.queuedBytes }
    counter("buttonwood_streams_opened_total", "Streams opened.") { $0.opened }
    counter("buttonwood_streams_closed_total", "Streams closed, by whomever.") { $0.closed }
    counter("buttonwood_streams_refused_total", "Streams refused because there were too many.") { $0.refused }
    counter("buttonwood_streams_slow_total", "Streams closed because the client did not read.") { $0.slow }
    counter("buttonwood_streams_silent_total", "Streams closed because the client was not heard of.") { $0.silent }
    counter("buttonwood_streams_noisy_total", "Streams closed because the client sent too much.") { $0.noisy }
  }
}
