internal import CMicroHTTPD
internal import Glibc
internal import Lifecycle

/// The thread of a server's streams: apart from the loops that take requests, and with an epoll of its own, so that ten
/// thousand open streams cost a request nothing.
///
/// `@unchecked Sendable`: all state is confined to the loop's thread once it is started; others reach it by the mailbox.
final class StreamLoop: @unchecked Sendable {
  let limits: HTTPStreamLimits
  let counters = StreamCounters()
  /// Bytes queued in all streams.
  var queuedBytes: QueuedBytes { counters.queued }

  var now = HostClock.monotonicNanoseconds()
  var connections: [UInt64: StreamConnection] = [:]
  let mailbox = Lock(StreamMailbox())
  var drainDeadline: Int64?
  private let poller: Int32
  private let waker: Int32
  private let name: String
  private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
  private var nextSweep: Int64 = 0

  /// Throws `HTTPServerError.outOfDescriptors`.
  init(limits: HTTPStreamLimits, name: String) throws(HTTPServerError) {
    self.limits = limits
    self.name = name
    poller = epoll_create1(Int32(EPOLL_CLOEXEC))
    waker = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
    guard poller >= 0, waker >= 0 else { throw .outOfDescriptors }
    control(EPOLL_CTL_ADD, waker, 0, EPOLLIN.rawValue)
  }

  deinit {
    if poller >= 0 { Glibc.close(poller) }
    if waker >= 0 { Glibc.close(waker) }
    scratch.deallocate()
  }

  /// What each stream may hold for sure: any amount while all together hold little.
  var queueShare: Int {
    queuedBytes.value > limits.totalQueueBytes ? max(16 << 10, limits.totalQueueBytes / max(1, limits.count)) : .max
  }

  /// What the streams have done and are doing.
  var metrics: HTTPStreamMetrics { counters.snapshot(open: mailbox.withLock { $0.open }) }

  /// Starts the thread once.
  func start() {
    let isFirst = mailbox.withLock { box in
      defer { box.isStarted = true }
      return !box.isStarted
    }
    if isFirst { startThread(name: name) { self.run() } }
  }

  /// Takes a socket over, unless there are too many streams or the loop is draining.
  /// - Returns: Whether it did; the socket is the loop's then.
  func adopt(_ socket: Int32, _ opening: HTTPStreamOpening, head: [UInt8], peer: String) -> Bool {
    let (isTaken, mustWake) = mailbox.withLock { box in
      guard box.isStarted, box.drainDeadline == nil, box.open < limits.count,
        !opening.isGuest || box.enter(peer, limit: limits.guestsPerAddress)
      else { return (false, false) }
      box.open += 1
      box.lastID += 1
      let stream = HTTPStream(
        id: box.lastID, peer: peer, kind: opening.kind, isGuest: opening.isGuest, loop: self)
      box.adopted.append(.init(stream: stream, handler: opening.handler, socket: socket, head: head))
      return (true, box.signal())
    }
    if !isTaken { counters.refused.add(1) }
    if mustWake { eventfd_write(waker, 1) }
    return isTaken
  }

  /// A guest has proved who it is, or is gone.
  func admitted(_ stream: HTTPStream) { mailbox.withLock { $0.leave(stream.peer) } }

  /// A stream has something to write, or is to be closed.
  func mark(_ stream: HTTPStream) {
    let mustWake = mailbox.withLock { box in
      box.dirty.append(stream)
      return box.signal()
    }
    if mustWake { eventfd_write(waker, 1) }
  }

  /// Closes all streams and ends the thread, at the latest after a span of nanoseconds.
  func requestDrain(within span: Int64) {
    let (sum, isFar) = HostClock.monotonicNanoseconds().addingReportingOverflow(span)
    mailbox.withLock { $0.drainDeadline = min($0.drainDeadline ?? .max, isFar ? .max : sum) }
    start()
    eventfd_write(waker, 1)
  }

  /// Calls `ended` once drained.
  func whenDrained(_ ended: @escaping @Sendable () -> Void) {
    let isOver = mailbox.withLock { box in
      if !box.isOver { box.waiters.append(ended) }
      return box.isOver
    }
    if isOver { ended() }
  }

  private func run() {
    var events = [epoll_event](repeating: epoll_event(), count: 256)
    while true {
      let ready = epoll_wait(poller, &events, Int32(events.count), Int32(nap.wholeMilliseconds))
      now = HostClock.monotonicNanoseconds()
      takeMail()
      for event in events.prefix(Int(max(0, ready))) {
        guard event.data.u64 != 0 else { continue }
        serve(event.data.u64, event.events)
      }
      if now >= nextSweep { sweep() }
      if stepDrain() { break }
    }
    let waiters = mailbox.withLock { box in
      box.isOver = true
      defer { box.waiters = [] }
      return box.waiters
    }
    for ended in waiters { ended() }
  }

  /// How long to wait for something to happen: until the next sweep, or a moment while it drains.
  private var nap: Duration {
    let longest: Duration = drainDeadline == nil ? .seconds(1) : .milliseconds(5)
    return max(.milliseconds(1), min(longest, .nanoseconds(nextSweep - now) + .milliseconds(1)))
  }

  private func takeMail() {
    var count: eventfd_t = 0
    eventfd_read(waker, &count)
    let (adopted, dirty, deadline) = mailbox.withLock { box in box.take() }
    for adoption in adopted { open(adoption) }
    for stream in dirty {
      if let connection = connections[stream.id] { flush(connection) }
    }
    if let deadline { beginDrain(deadline) }
  }

  private func open(_ adoption: StreamMailbox.Adoption) {
    let connection = StreamConnection(
      adoption.stream, adoption.handler, socket: adoption.socket, limits: limits, now: now)
    connections[adoption.stream.id] = connection
    counters.opened.add(1)
    buttonwood_prepare_stream(
      adoption.socket, Int32(clamping: limits.kernelBufferBytes),
      UInt32(clamping: limits.idleLimit.wholeNanoseconds / 1_000_000))
    control(EPOLL_CTL_ADD, connection.socket, connection.stream.id, EPOLLIN.rawValue)
    _ = connection.stream.send(HTTPStreamChunk(bytes: adoption.head))
    adoption.handler.opened(adoption.stream)
    flush(connection)
  }

  private func serve(_ id: UInt64, _ events: UInt32) {
    guard let connection = connections[id] else { return }
    if events & (EPOLLIN.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { receive(connection) }
    if events & EPOLLOUT.rawValue != 0, connections[id] != nil { flush(connection) }
  }

  // MARK: Reading

  private func receive(_ connection: StreamConnection) {
    let count = recv(connection.socket, scratch.baseAddress!, scratch.count, 0)
    guard count > 0 else {
      if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
      return end(connection, connection.endSoFar ?? .byClient)
    }
    connection.lastReceived = now
    guard case .open = connection.phase, let reader = connection.reader else {
      return hearWhileClosing(connection, count)
    }
    if !connection.stream.isGuest { reader.widen(to: limits.client) }
    let outcome = reader.read(UnsafeRawBufferPointer(rebasing: scratch[..<count]), now: now)
    if outcome.isNoisy {
      counters.noisy.add(1)
      close(connection, .policyViolation, "the client sends too much", .noisy)
      return flush(connection)
    }
    for message in outcome.messages { connection.handler.received(message, from: connection.stream) }
    if outcome.isOver {
      connection.stream.finish(with: outcome.answer)
      connection.hasHeardClose = !outcome.isBad
      beginClosing(connection, outcome.isBad ? .badMessage : .byClient)
    } else if !outcome.answer.isEmpty {
      _ = connection.stream.send(HTTPStreamChunk(bytes: outcome.answer))
    }
    flush(connection)
  }

  /// The server has closed: the client's close frame is all that is waited for.
  private func hearWhileClosing(_ connection: StreamConnection, _ count: Int) {
    guard let reader = connection.reader, !connection.hasHeardClose else { return }
    let outcome = reader.read(UnsafeRawBufferPointer(rebasing: scratch[..<count]), now: now)
    connection.hasHeardClose = outcome.isOver
    flush(connection)
  }

  // MARK: Writing and closing

  /// Writes what waits, and takes the next step of a close.
  func flush(_ connection: StreamConnection) {
    let (chunks, closing) = connection.stream.takeQueued()
    connection.append(chunks)
    if case .open = connection.phase, let closing { begin(closing, connection) }
    let wasDry = connection.isDry
    guard let written = connection.write(through: scratch) else {
      return end(connection, connection.endSoFar ?? .byClient)
    }
    if written > 0 || wasDry { connection.lastProgress = now }
    if written > 0, connection.stream.wrote(written) { connection.handler.drained(connection.stream) }
    watch(connection, forRoom: !connection.isDry)
    guard connection.isDry, let end = connection.endSoFar else { return }
    if case .closing = connection.phase {
      shutdown(connection.socket, Int32(SHUT_WR))
      connection.phase = .lingering(end, until: now + limits.closeLimit.wholeNanoseconds)
    }
    if connection.hasHeardClose { self.end(connection, end) }
  }

  private func begin(_ closing: StreamClosing, _ connection: StreamConnection) {
    switch closing {
    case .asked(let code, let reason): close(connection, code, reason, code == .goingAway ? .drained : .byServer)
    case .begun: break
    case .slow:
      counters.slow.add(1)
      _ = connection.stream.wrote(connection.discardUnbegun())
      close(connection, .policyViolation, "the client reads too slowly", .slowReader)
    }
  }

  private func close(_ connection: StreamConnection, _ code: HTTPStreamCode, _ reason: String, _ end: HTTPStreamEnd) {
    connection.stream.finish(with: connection.reader?.close(code, reason: reason) ?? [])
    connection.append(connection.stream.takeQueued().chunks)
    beginClosing(connection, end)
  }

  private func beginClosing(_ connection: StreamConnection, _ end: HTTPStreamEnd) {
    guard case .open = connection.phase else { return }
    connection.phase = .closing(end, until: now + limits.closeLimit.wholeNanoseconds)
  }

  /// Cuts a stream off.
  func end(_ connection: StreamConnection, _ end: HTTPStreamEnd) {
    guard connections.removeValue(forKey: connection.stream.id) != nil else { return }
    connection.stream.seal()
    Glibc.close(connection.socket)
    connection.stream.admit()
    mailbox.withLock { $0.open -= 1 }
    counters.closed.add(1)
    connection.handler.closed(connection.stream, end)
  }

  private func watch(_ connection: StreamConnection, forRoom room: Bool) {
    guard room != connection.awaitsRoom else { return }
    connection.awaitsRoom = room
    control(
      EPOLL_CTL_MOD, connection.socket, connection.stream.id, EPOLLIN.rawValue | (room ? EPOLLOUT.rawValue : 0))
  }

  private func control(_ operation: Int32, _ descriptor: Int32, _ id: UInt64, _ events: UInt32) {
    var event = epoll_event()
    event.events = events
    event.data.u64 = id
    epoll_ctl(poller, operation, descriptor, &event)
  }

  // MARK: Time

  private func sweep() {
    let shortest = min(limits.pingInterval, limits.idleLimit, limits.closeLimit).wholeNanoseconds
    nextSweep = now + max(10_000_000, min(1_000_000_000, shortest / 4))
    for connection in Array(connections.values) {
      switch connection.phase {
      case .closing(let end, let deadline), .lingering(let end, let deadline):
        if now > deadline { self.end(connection, end) }
      case .open: lookAfter(connection)
      }
    }
  }

  private func lookAfter(_ connection: StreamConnection) {
    let idle = limits.idleLimit.wholeNanoseconds
    if !connection.isDry && now - connection.lastProgress > idle {
      counters.slow.add(1)
      return end(connection, .slowReader)
    }
    let isWebSocket = connection.reader != nil
    if isWebSocket && now - connection.lastReceived > idle {
      counters.silent.add(1)
      return end(connection, .silent)
    }
    let heard = isWebSocket ? max(connection.lastReceived, connection.lastPing) : connection.lastPing
    guard now - heard > limits.pingInterval.wholeNanoseconds, connection.isDry else { return }
    connection.lastPing = now
    _ = connection.stream.send(isWebSocket ? .ping : .comment("still here"))
  }

  // MARK: Draining

  private func beginDrain(_ deadline: Int64) {
    let isFirst = drainDeadline == nil
    drainDeadline = deadline
    guard isFirst else { return }
    for connection in connections.values { connection.stream.close(.goingAway, reason: "the server is stopping") }
  }

  /// Whether the loop is done.
  private func stepDrain() -> Bool {
    guard let drainDeadline else { return false }
    if now >= drainDeadline { for connection in Array(connections.values) { end(connection, .drained) } }
    return connections.isEmpty && mailbox.withLock { $0.isEmpty }
  }
}
