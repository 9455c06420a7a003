internal import CMicroHTTPD
internal import Glibc
internal import HTTP
internal import Lifecycle

/// The thread of a load client: an epoll loop over its connections.
///
/// `@unchecked Sendable`: `inbox` is locked; all else is confined to the loop's thread.
final class LoadLoop: @unchecked Sendable {
  private struct Inbox {
    var requests: [HTTPLoadRequest] = []
    /// Requests taken and not completed.
    var underWay = 0
    var isAsleep = false
    var isStopped = false
  }

  private let configuration: HTTPLoadClientConfiguration
  private let completions: @Sendable ([HTTPCompletion]) -> Void
  private let address: SocketAddress
  private let host: [UInt8]
  private let timeout: Int64
  private let epoll: Int32
  private let wakeDescriptor: Int32
  private let inbox = Lock(Inbox())

  private let connections: [LoadConnection]
  private var requests = Queue<HTTPLoadRequest>()
  private var withRoom = Queue<LoadConnection>()
  /// Connections with something new to send.
  private var touched: [LoadConnection] = []
  private var flushing: [LoadConnection] = []
  private var done: [HTTPCompletion] = []
  private var doneCount = 0
  private var nextSweep: Int64 = 0
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)

  init(
    _ configuration: HTTPLoadClientConfiguration, completions: @escaping @Sendable ([HTTPCompletion]) -> Void
  ) throws(HTTPServerError) {
    address = try SocketAddress(numeric: configuration.address, port: configuration.port)
    self.configuration = configuration
    self.completions = completions
    host = configuration.hostBytes
    timeout = configuration.timeout.wholeNanoseconds
    connections = (0..<configuration.connections).map { index in
      LoadConnection(index: index) {
        AnswerParser(answerLimit: configuration.answerLimit, keepsHeaders: configuration.keepsHeaders)
      }
    }
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    wakeDescriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
    guard epoll >= 0, wakeDescriptor >= 0 else { throw .outOfDescriptors }
    for connection in connections { list(connection) }
    var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data(u64: .max))
    epoll_ctl(epoll, EPOLL_CTL_ADD, wakeDescriptor, &event)
  }

  deinit {
    for connection in connections where connection.descriptor >= 0 { close(connection.descriptor) }
    if epoll >= 0 { close(epoll) }
    if wakeDescriptor >= 0 { close(wakeDescriptor) }
    buffer.deallocate()
  }

  // MARK: From other threads

  func take(_ requests: [HTTPLoadRequest]) -> Int {
    let limit = configuration.queueLimit
    let (count, mustWake): (Int, Bool) = inbox.withLock { inbox in
      guard !inbox.isStopped else { return (0, false) }
      let count = min(requests.count, limit - inbox.underWay)
      inbox.requests.append(contentsOf: requests.prefix(count))
      inbox.underWay += count
      defer { inbox.isAsleep = false }
      return (count, inbox.isAsleep && count > 0)
    }
    if mustWake { eventfd_write(wakeDescriptor, 1) }
    return count
  }

  func stop() {
    inbox.withLock { $0.isStopped = true }
    eventfd_write(wakeDescriptor, 1)
  }

  // MARK: The loop

  func run() {
    if configuration.opensAtStart { for connection in connections { open(connection) } }
    while true {
      let (arrived, isStopped) = inbox.withLock { inbox in
        defer { inbox.requests.removeAll() }
        return (inbox.requests, inbox.isStopped)
      }
      for request in arrived { place(request) }
      if isStopped { break }
      dispatch()
      deliver()
      wait()
      sweepIfDue()
      deliver()
    }
    failEverything()
    deliver()
  }

  private func wait() {
    let isIdle = touched.isEmpty
    let mayBlock = inbox.withLock { inbox in
      inbox.isAsleep = isIdle && inbox.requests.isEmpty && !inbox.isStopped
      return inbox.isAsleep
    }
    withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 256) { events in
      let count = epoll_wait(epoll, events.baseAddress!, 256, mayBlock ? 20 : 0)
      inbox.withLock { $0.isAsleep = false }
      for index in 0..<max(0, Int(count)) { handle(events[index]) }
    }
  }

  private func handle(_ event: epoll_event) {
    guard event.data.u64 < UInt64(connections.count) else {
      var count: eventfd_t = 0
      eventfd_read(wakeDescriptor, &count)
      return
    }
    let connection = connections[Int(event.data.u64)]
    guard connection.descriptor >= 0 else { return }
    if case .connecting = connection.phase {
      connected(connection)
      return
    }
    if event.events & (EPOLLIN.rawValue | EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { receive(on: connection) }
    if connection.descriptor >= 0 && event.events & EPOLLOUT.rawValue != 0 { flush(connection) }
  }

  // MARK: Requests to connections

  private func place(_ request: HTTPLoadRequest) {
    guard let index = request.connection else { return requests.append(request) }
    let connection = connections[index % connections.count]
    connection.pinned.append(request)
    fill(connection)
  }

  private func dispatch() {
    while !requests.isEmpty, let connection = withRoom.popFirst() {
      connection.isListed = false
      guard hasRoom(connection) else { continue }
      start(requests.popFirst()!, on: connection)
      list(connection)
    }
    swap(&touched, &flushing)
    for connection in flushing {
      connection.isTouched = false
      flush(connection)
    }
    flushing.removeAll(keepingCapacity: true)
  }

  /// Starts what must go over this connection, as far as there is room.
  private func fill(_ connection: LoadConnection) {
    while hasRoom(connection), let request = connection.pinned.popFirst() { start(request, on: connection) }
    list(connection)
  }

  private func hasRoom(_ connection: LoadConnection) -> Bool {
    connection.flights.count < configuration.pipelineDepth
  }

  private func list(_ connection: LoadConnection) {
    guard !connection.isListed, hasRoom(connection) else { return }
    connection.isListed = true
    withRoom.append(connection)
  }

  private func start(_ request: HTTPLoadRequest, on connection: LoadConnection) {
    connection.add(request, host: host)
    if !connection.isTouched {
      connection.isTouched = true
      touched.append(connection)
    }
  }

  // MARK: Sockets

  private func open(_ connection: LoadConnection) {
    let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    connection.descriptor = socket(address.family, flags, 0)
    guard connection.descriptor >= 0 else { return fail(connection, .refused(errno: errno)) }
    var on: Int32 = 1
    setsockopt(connection.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    let status = address.withPointer { connect(connection.descriptor, $0, $1) }
    guard status == 0 || errno == EINPROGRESS else { return fail(connection, .refused(errno: errno)) }
    connection.phase = .connecting(since: HostClock.monotonicNanoseconds())
    watch(connection, EPOLLIN.rawValue | EPOLLOUT.rawValue)
  }

  private func connected(_ connection: LoadConnection) {
    var error: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(connection.descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
    guard error == 0 else { return fail(connection, .refused(errno: error)) }
    connection.phase = .open
    watch(connection, EPOLLIN.rawValue)
    flush(connection)
  }

  private func watch(_ connection: LoadConnection, _ events: UInt32) {
    guard connection.interest != events else { return }
    var event = epoll_event(events: events, data: epoll_data(u64: UInt64(connection.index)))
    epoll_ctl(epoll, connection.interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.descriptor, &event)
    connection.interest = events
  }

  /// Sends what waits, as far as the socket takes it; opens the connection if need be.
  private func flush(_ connection: LoadConnection) {
    switch connection.phase {
    case .closed: return open(connection)
    case .connecting: return
    case .open: break
    }
    guard connection.sent < connection.output.count else { return }
    connection.stamp(now: HostClock.monotonicNanoseconds())
    let count = connection.output.withUnsafeBytes { output in
      send(
        connection.descriptor, output.baseAddress! + connection.sent, output.count - connection.sent,
        Int32(MSG_NOSIGNAL))
    }
    guard count >= 0 || errno == EAGAIN || errno == EINTR else { return fail(connection, .closed) }
    connection.sent += max(0, count)
    if connection.sent == connection.output.count {
      connection.output.removeAll(keepingCapacity: true)
      connection.sent = 0
      watch(connection, EPOLLIN.rawValue)
    } else {
      watch(connection, EPOLLIN.rawValue | EPOLLOUT.rawValue)
    }
  }

  private func receive(on connection: LoadConnection) {
    let count = recv(connection.descriptor, buffer.baseAddress, buffer.count, 0)
    let now = HostClock.monotonicNanoseconds()
    if count < 0 {
      if errno != EAGAIN && errno != EINTR { fail(connection, .closed) }
      return
    }
    do throws(AnswerParser.Malformed) {
      if count == 0 {
        if let answer = connection.parser.end() { complete(connection, answer, now: now) }
        return fail(connection, .closed)
      }
      try connection.parser.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      while let flight = connection.flights.first, let answer = try connection.parser.next(isHead: flight.isHead) {
        complete(connection, answer, now: now)
        if answer.closes { return fail(connection, .closed) }
      }
      if connection.flights.isEmpty && connection.parser.isMidAnswer { throw AnswerParser.Malformed() }
    } catch {
      return fail(connection, .malformed)
    }
    fill(connection)
  }

  // MARK: Outcomes

  private func complete(_ connection: LoadConnection, _ answer: AnswerParser.Answer, now: Int64) {
    guard let flight = connection.flights.popFirst() else { return }
    report(flight, .answered(answer.reply), now: now)
  }

  private func report(_ flight: LoadConnection.Flight, _ outcome: HTTPCompletion.Outcome, now: Int64) {
    let completion = HTTPCompletion(token: flight.token, outcome: outcome, sentAt: flight.sentAt, receivedAt: now)
    doneCount += 1
    if let completed = flight.completed { completed(completion) } else { done.append(completion) }
  }

  /// Closes the connection; its requests fail, and the next request opens it again.
  private func fail(_ connection: LoadConnection, _ failure: HTTPLoadFailure) {
    if connection.descriptor >= 0 { close(connection.descriptor) }
    let flights = connection.flights
    connection.reset()
    var rest = flights
    let now = HostClock.monotonicNanoseconds()
    while let flight = rest.popFirst() { report(flight, .failed(failure), now: now) }
    fill(connection)
  }

  private func deliver() {
    guard doneCount > 0 else { return }
    let count = doneCount
    doneCount = 0
    inbox.withLock { $0.underWay -= count }
    guard !done.isEmpty else { return }
    let batch = done
    done = []
    done.reserveCapacity(batch.count)
    completions(batch)
  }

  private func sweepIfDue() {
    let now = HostClock.monotonicNanoseconds()
    guard now >= nextSweep else { return }
    nextSweep = now + min(50_000_000, timeout / 4)
    for connection in connections {
      if case .connecting(let since) = connection.phase, now - since > timeout {
        fail(connection, .refused(errno: ETIMEDOUT))
      } else if let flight = connection.flights.first, flight.sentAt > 0, now - flight.sentAt > timeout {
        fail(connection, .timedOut)
      }
    }
  }

  private func failEverything() {
    for connection in connections {
      while let request = connection.pinned.popFirst() { requests.append(request) }
      fail(connection, .stopped)
    }
    let now = HostClock.monotonicNanoseconds()
    while let request = requests.popFirst() {
      let flight = LoadConnection.Flight(token: request.token, isHead: false, completed: request.completed)
      report(flight, .failed(.stopped), now: now)
    }
  }
}
