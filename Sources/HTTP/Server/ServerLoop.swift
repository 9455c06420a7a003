internal import CMicroHTTPD
internal import Glibc
internal import Lifecycle

/// One event loop: a thread that drives a libmicrohttpd daemon and runs the handlers' jobs.
///
/// libmicrohttpd never gets a thread of its own: its polling thread hangs when exactly 128 events are ready.
///
/// `@unchecked Sendable`: all state is confined to the loop's thread once it is started; others reach it through jobs.
final class ServerLoop: @unchecked Sendable {
  let port: UInt16
  let counters = ServerCounters()
  let executor: LoopExecutor
  let configuration: HTTPServerConfiguration
  let handler: HTTPHandler
  /// Where connections go that become streams.
  let streams: StreamLoop
  let limits: LoopLimits
  let deadlines: PhaseDeadlines

  /// Monotonic nanoseconds when this round of the loop began.
  var now = HostClock.monotonicNanoseconds()
  /// Bytes of all request bodies held.
  var bodyBytes = 0
  /// Those of each client address.
  var bodyBytesOfClients: [String: Int] = [:]
  /// Handlers that have not returned, also those whose client was cut off.
  var handlersAtWork = 0
  var records: [ConnectionRecord] = []
  var drain: Drain?
  /// What the loop and its owner tell each other.
  let ends = Lock(LoopEnds())

  /// A socket without a peer: what libmicrohttpd is left with when a connection leaves it.
  let placeholder: Int32
  private(set) var daemon: OpaquePointer?
  /// Where connections are until their first request is worth reading.
  private(set) var door: FrontDoor?
  /// The address of the connection that is being handed to libmicrohttpd.
  var arriving = SocketAddress()
  private var finished: [Exchange] = []
  private var resuming: [Exchange] = []
  private var jobs: [UnownedJob] = []
  private var nextSweep: Int64 = 0
  private let name: String

  /// Binds the listener. Throws `HTTPServerError`.
  init(
    configuration: HTTPServerConfiguration, index: Int, streams: StreamLoop, handler: @escaping HTTPHandler
  ) throws(HTTPServerError) {
    let listener = try ListenSocket(
      address: configuration.address, port: configuration.port, backlog: configuration.backlog,
      sharesPort: configuration.sharesPort || configuration.loops > 1)
    self.configuration = configuration
    self.handler = handler
    self.streams = streams
    limits = LoopLimits(configuration)
    deadlines = PhaseDeadlines(
      head: configuration.headDeadline.wholeNanoseconds, body: configuration.bodyDeadline.wholeNanoseconds,
      answer: configuration.answerDeadline.wholeNanoseconds)
    executor = try LoopExecutor()
    placeholder = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard placeholder >= 0 else { throw .outOfDescriptors }
    port = listener.port
    name = "http-\(port)-\(index)"
    daemon = nil
    door = nil
    door = try FrontDoor(listener, configuration, limit: limits.connections, deadlines: deadlines)
    guard let daemon = startDaemon() else { throw .outOfDescriptors }
    self.daemon = daemon
  }

  deinit {
    if let daemon { MHD_stop_daemon(daemon) }
    close(placeholder)
  }

  /// Starts the thread once. The thread keeps the loop alive until it is drained and its handlers have returned.
  func start() {
    let isFirst = ends.withLock { ends in
      defer { ends.isStarted = true }
      return !ends.isStarted
    }
    if isFirst { startThread(name: name) { self.run() } }
  }

  /// Remembers an exchange whose connection is to be resumed in this round.
  func finish(_ exchange: Exchange) { finished.append(exchange) }

  private func run() {
    while daemon != nil || handlersAtWork > 0 {
      executor.runJobs(&jobs)
      resumeFinished()
      serveDoor()
      if let daemon { MHD_run(daemon) }
      sweepIfDue()
      stepDrain()
      if !hasWork && executor.mayFallAsleep() { sleep() }
      now = HostClock.monotonicNanoseconds()
    }
  }

  private func serveDoor() {
    guard let door, daemon != nil else { return }
    for admission in door.serve(inside: records.count, now: now, counters: counters) { handIn(admission) }
    counters.openConnections.set(records.count + door.count)
  }

  private var hasWork: Bool {
    guard finished.isEmpty else { return true }
    guard let daemon else { return false }
    var timeout: UInt64 = 0
    return MHD_get_timeout(daemon, &timeout) == .YES && timeout == 0
  }

  /// Waits for the network, a job from elsewhere or the next sweep.
  private func sleep() {
    let end = drain == nil ? nextSweep : now + Drain.step
    let milliseconds = max(1, min(1000, (end - now) / 1_000_000 + 1))
    let network = daemon.map { buttonwood_mhd_epoll($0) } ?? -1
    var entries = (
      pollfd(fd: executor.wakeDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: network, events: Int16(POLLIN), revents: 0),
      pollfd(fd: daemon == nil ? -1 : door?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
    )
    withUnsafeMutablePointer(to: &entries) { entries in
      entries.withMemoryRebound(to: pollfd.self, capacity: 3) { _ = poll($0, 3, Int32(milliseconds)) }
    }
    executor.wokeUp(signalled: entries.0.revents != 0)
  }

  /// Resumes what was answered since the last round, in one batch: each batch costs a walk over all suspended.
  private func resumeFinished() {
    guard !finished.isEmpty else { return }
    swap(&finished, &resuming)
    for exchange in resuming where exchange.isOpen { MHD_resume_connection(exchange.connection) }
    resuming.removeAll(keepingCapacity: true)
  }

  private func sweepIfDue() {
    guard now >= nextSweep else { return }
    nextSweep = now + deadlines.interval
    if let cut = door?.sweep(inside: records.count, now: now), cut > 0 { counters.cutConnections.add(cut) }
    for record in records where record.phase.isReceiving {
      let state = buttonwood_tcp_state(record.socket)
      record.look(received: state.bytes_received, now: now)
      // The end of the stream that came together with the last bytes escapes libmicrohttpd.
      if state.peer_finished && buttonwood_bytes_waiting(record.socket) == 0 {
        shutdown(record.socket, Int32(SHUT_RDWR))
      }
    }
    for record in records where deadlines.isOver(record.phase, now: now) {
      counters.cutConnections.add(1)
      record.enter(.idle(received: nil))
      shutdown(record.socket, Int32(SHUT_RDWR))
    }
  }

  /// Accepts whoever waits, then closes the listener.
  func closeListener() {
    door?.closeListener(inside: records.count, now: now)
  }

  /// Cuts off every connection that is left; handlers at work find nobody to answer.
  func cutConnections() {
    door?.dismissAll()
    guard let daemon else { return }
    for record in records {
      if let exchange = record.waiting {
        exchange.stage = .answered(.drop)
        finish(exchange)
      }
      shutdown(record.socket, Int32(SHUT_RDWR))
    }
    resumeFinished()
    for _ in 0..<1000 where !records.isEmpty { MHD_run(daemon) }
  }

  /// Ends the daemon; the loop goes on as an executor until the handlers have returned.
  func stopDaemon() {
    guard let daemon else { return }
    MHD_stop_daemon(daemon)
    self.daemon = nil
  }
}

/// A loop's share of the server's limits.
struct LoopLimits {
  let connections: Int
  let inFlight: Int
  let bodyMemory: Int

  init(_ configuration: HTTPServerConfiguration) {
    connections = configuration.connectionLimit / configuration.loops
    inFlight = configuration.inFlightLimit / configuration.loops
    bodyMemory = configuration.bodyMemoryLimit / configuration.loops
  }
}
