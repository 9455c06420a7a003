internal import Lifecycle

/// An HTTP/1.1 server that answers through an async handler, without a thread per request.
///
/// The handler runs on the server's loop thread, and so does all it calls that has no executor of its own: it must not
/// block. While it waits, the loop serves others; thousands of requests may wait at once.
public final class HTTPServer: Sendable {
  /// The port it listens on.
  public let boundPort: UInt16
  private let loops: [ServerLoop]
  private let streams: StreamLoop

  /// Binds and listens; nothing is accepted before `start()`. Throws `HTTPServerError`.
  public init(
    configuration: HTTPServerConfiguration, handler: @escaping HTTPHandler
  ) throws(HTTPServerError) {
    try configuration.check()
    var configuration = configuration
    Self.share(
      DescriptorLimit.raise(
        to: configuration.connectionLimit + configuration.streams.count + DescriptorLimit.reserve), &configuration)
    let streams = try StreamLoop(limits: configuration.streams, name: "streams")
    var loops: [ServerLoop] = []
    for index in 0..<configuration.loops {
      let loop = try ServerLoop(configuration: configuration, index: index, streams: streams, handler: handler)
      configuration.port = loop.port
      loops.append(loop)
    }
    boundPort = configuration.port
    self.loops = loops
    self.streams = streams
  }

  deinit {
    for loop in loops { loop.requestDrain(within: 0) }
    streams.requestDrain(within: 0)
  }

  /// Clients wait for a place rather than take the process's last descriptor: the system's libraries end it without one.
  /// Where there are too few, connections and streams get as many as they were meant to in proportion.
  private static func share(_ descriptors: Int, _ configuration: inout HTTPServerConfiguration) {
    let wanted = configuration.connectionLimit + configuration.streams.count
    let given = min(wanted, DescriptorLimit.forClients(of: descriptors))
    let connections = Int((Int64(given) * Int64(configuration.connectionLimit)) / Int64(max(1, wanted)))
    configuration.connectionLimit = max(configuration.loops, connections)
    configuration.streams.count = min(configuration.streams.count, given - connections)
  }

  /// Begins to accept. Further calls do nothing.
  public func start() {
    streams.start()
    for loop in loops { loop.start() }
  }

  /// Closes the listener, answers what is in flight and what still arrives on open connections with
  /// `Connection: close`, and stops when all are closed; then closes the streams. After the deadline the rest is cut off.
  /// - Returns: whether every request was answered.
  @discardableResult
  public func drain(deadline: Duration) async -> Bool {
    let clock = ContinuousClock()
    let end = clock.now + deadline
    for loop in loops { loop.requestDrain(within: deadline.wholeNanoseconds) }
    var allAnswered = true
    for loop in loops {
      let answered = await withCheckedContinuation { ended in loop.whenDrained { ended.resume(returning: $0) } }
      allAnswered = answered && allAnswered
    }
    await drainStreams(within: max(.milliseconds(100), end - clock.now))
    return allAnswered
  }

  /// Streams are closed when the answers that may bring their last news are out.
  private func drainStreams(within span: Duration) async {
    streams.requestDrain(within: span.wholeNanoseconds)
    await withCheckedContinuation { ended in streams.whenDrained { ended.resume() } }
  }

  /// What the server has done and is doing.
  public var metrics: HTTPServerMetrics {
    var metrics = loops.reduce(HTTPServerMetrics()) { $0 + $1.counters.snapshot }
    metrics.streams = streams.metrics
    return metrics
  }
}

extension HTTPServerConfiguration {
  fileprivate func check() throws(HTTPServerError) {
    if loops < 1 { throw .badConfiguration("loops must be at least 1") }
    if connectionLimit < loops { throw .badConfiguration("connectionLimit must be at least 1 for each loop") }
    if headLimit < 2048 { throw .badConfiguration("headLimit must be at least 2048 bytes") }
    if bodyLimit < 0 { throw .badConfiguration("bodyLimit must not be negative") }
    if inFlightLimit < loops { throw .badConfiguration("inFlightLimit must be at least 1 for each loop") }
  }
}
