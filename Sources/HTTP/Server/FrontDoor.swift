internal import CMicroHTTPD
internal import Glibc
internal import Lifecycle

/// Where connections wait until the head of their first request is there and has been found good: only then libmicrohttpd
/// gets them. Confined to the loop's thread; times are monotonic nanoseconds.
///
/// So what the library is lenient about is refused before it reads a byte, its own refusals in HTML are never seen for a
/// first request, a client that says nothing costs a descriptor and some words, and one address cannot take all places.
final class FrontDoor {
  /// Connections beyond the limit that may wait at the door: so many probes find it open when all places are taken.
  static let waitingRoom = 64

  private struct Visitor {
    var address: SocketAddress
    var key: AddressKey
    var phase: Phase
    /// When it came.
    let since: Int64
  }

  private enum Phase {
    /// It has said nothing.
    case silent
    /// Its head is on its way.
    case head(since: Int64)
    /// Its head is there and good; it waits for a place.
    case ready
    /// It has been refused and may read why.
    case leaving(until: Int64)
  }

  /// A connection whose first head is good.
  struct Admission {
    var socket: Int32
    var address: SocketAddress
  }

  /// What is asked for by whom all places may be taken.
  private let probes: Set<String>
  private let limit: Int
  private let limitPerAddress: Int
  private let isTrusted: (AddressKey) -> Bool
  private let headLimit: Int
  private let deadlines: (head: Int64, idle: Int64, leave: Int64)
  private let refusal: (RequestGuard.Refusal) -> HTTPResponse
  private var listener: ListenSocket?
  private let poller: Int32
  private var visitors: [Int32: Visitor] = [:]
  /// Those that wait for a place, the first first.
  private var ready: [Int32] = []
  private var addresses: [AddressKey: Int] = [:]
  private var isListening = false
  private let scratch: UnsafeMutableRawBufferPointer
  private var events = [epoll_event](repeating: epoll_event(), count: 128)

  /// Takes the listener over.
  init(
    _ listener: ListenSocket, _ configuration: HTTPServerConfiguration, limit: Int, deadlines: PhaseDeadlines
  ) throws(HTTPServerError) {
    poller = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard poller >= 0 else { throw .outOfDescriptors }
    self.listener = listener
    self.limit = limit
    let perAddress = configuration.connectionLimitPerAddress
    limitPerAddress = perAddress == 0 ? 0 : max(1, perAddress / configuration.loops)
    isTrusted = { configuration.trustedProxies.contains($0) }
    headLimit = configuration.headLimit
    probes = configuration.probes
    self.deadlines = (
      deadlines.head, configuration.idleTimeout.wholeNanoseconds, TimeLimits.refusedClient.value.wholeNanoseconds
    )
    refusal = { configuration.refusal($0.status, $0.message) }
    scratch = .allocate(byteCount: configuration.headLimit + 4, alignment: 16)
    listen(true)
  }

  deinit {
    for socket in visitors.keys { close(socket) }
    close(poller)
    scratch.deallocate()
  }

  /// What to wait on.
  var descriptor: Int32 { poller }

  /// Connections at the door.
  var count: Int { visitors.count }

  /// Connections at the door that are to become others: not those that are sent away.
  var hasGuests: Bool {
    visitors.values.contains { if case .leaving = $0.phase { false } else { true } }
  }

  // MARK: Coming

  /// Takes in who has come and what has been said.
  /// - Parameters:
  ///   - inside: Connections that libmicrohttpd has.
  ///   - counters: Counts what is refused here.
  /// - Returns: Connections to hand on.
  func serve(inside: Int, now: Int64, counters: ServerCounters) -> [Admission] {
    var admissions: [Admission] = []
    let found = Int(max(0, epoll_wait(poller, &events, Int32(events.count), 0)))
    for event in events.prefix(found) {
      let socket = Int32(truncatingIfNeeded: event.data.u64)
      if socket == listener?.descriptor {
        accept(inside: inside, now: now)
      } else {
        look(at: socket, event.events, now: now, counters)
      }
    }
    while inside + admissions.count < limit, let socket = ready.first {
      ready.removeFirst()
      if let admission = admit(socket) { admissions.append(admission) }
    }
    admissions += probesFirst()
    listen(inside + admissions.count + visitors.count < limit + Self.waitingRoom)
    return admissions
  }

  /// Those that wait for a place and need none.
  private func probesFirst() -> [Admission] {
    guard !ready.isEmpty else { return [] }
    let found = probing
    ready.removeAll { found.contains($0) }
    probing = []
    return found.compactMap { admit($0) }
  }

  private var probing: Set<Int32> = []

  private func accept(inside: Int, now: Int64) {
    for _ in 0..<64 where inside + visitors.count < limit + Self.waitingRoom {
      guard acceptOne(now: now) else { return }
    }
  }

  /// - Returns: Whether somebody was there.
  private func acceptOne(now: Int64) -> Bool {
    guard let listener else { return false }
    var address = SocketAddress()
    var socket: Int32 = -1
    address.fill { socket = buttonwood_accept(listener.descriptor, $0, $1) }
    guard socket >= 0 else { return errno == ECONNABORTED || errno == EINTR }
    let key = address.key
    guard limitPerAddress == 0 || isTrusted(key) || addresses[key, default: 0] < limitPerAddress else {
      close(socket)
      return true
    }
    addresses[key, default: 0] += 1
    visitors[socket] = Visitor(address: address, key: key, phase: .silent, since: now)
    watch(socket)
    return true
  }

  // MARK: Looking

  private func look(at socket: Int32, _ events: UInt32, now: Int64, _ counters: ServerCounters) {
    guard let visitor = visitors[socket] else { return }
    switch visitor.phase {
    case .ready: if events & EPOLLHUP.rawValue != 0 { dismiss(socket) }
    case .leaving: if !discard(socket) { dismiss(socket) }
    case .silent, .head:
      let count = recv(socket, scratch.baseAddress!, scratch.count, Int32(MSG_PEEK))
      guard count > 0 else {
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
        return dismiss(socket)
      }
      switch HeadScanner.look(at: UnsafeRawBufferPointer(rebasing: scratch[..<count]), limit: headLimit) {
      case .whole(let target):
        visitors[socket]?.phase = .ready
        ready.append(socket)
        if probes.contains(target) { probing.insert(socket) }
      case .refused(let refusal):
        counters.refused.add(1)
        counters.countAnswer(status: refusal.status)
        send(self.refusal(refusal), to: socket, now: now)
      case .incomplete:
        if events & (EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { return dismiss(socket) }
        if case .silent = visitor.phase { visitors[socket]?.phase = .head(since: now) }
      }
    }
  }

  /// Says why, and lets the client read it: what it still sends is thrown away for a moment, for a socket that is closed
  /// over unread bytes takes the answer back.
  private func send(_ response: HTTPResponse, to socket: Int32, now: Int64) {
    var head =
      "HTTP/1.1 \(response.status) \(Self.phrase(response.status))\r\nContent-Length: \(response.body.count)\r\n"
    for (name, value) in response.headers where (name + value).utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) {
      head += "\(name): \(value)\r\n"
    }
    let bytes = Array((head + "Connection: close\r\n\r\n").utf8) + response.body
    _ = bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    shutdown(socket, Int32(SHUT_WR))
    visitors[socket]?.phase = .leaving(until: now + deadlines.leave)
    if !discard(socket) { dismiss(socket) }
  }

  private static func phrase(_ status: Int) -> String {
    switch status {
    case 400: "Bad Request"
    case 431: "Request Header Fields Too Large"
    case 501: "Not Implemented"
    case 505: "HTTP Version Not Supported"
    default: "Refused"
    }
  }

  /// - Returns: Whether more may come.
  private func discard(_ socket: Int32) -> Bool {
    for _ in 0..<64 {
      let count = recv(socket, scratch.baseAddress!, scratch.count, 0)
      guard count > 0 else { return count < 0 && errno == EAGAIN }
    }
    return true
  }

  // MARK: Leaving

  private func admit(_ socket: Int32) -> Admission? {
    guard let visitor = visitors.removeValue(forKey: socket) else { return nil }
    control(EPOLL_CTL_DEL, socket, 0)
    return Admission(socket: socket, address: visitor.address)
  }

  private func dismiss(_ socket: Int32) {
    guard let visitor = visitors.removeValue(forKey: socket) else { return }
    if case .ready = visitor.phase {
      ready.removeAll { $0 == socket }
      probing.remove(socket)
    }
    close(socket)
    left(visitor.key)
  }

  /// A connection of an address is gone, here or inside.
  func left(_ key: AddressKey) {
    let rest = (addresses[key] ?? 1) - 1
    addresses[key] = rest > 0 ? rest : nil
  }

  /// Dismisses who has taken too long. Where all places are taken, who says nothing may stay for a second only.
  /// - Parameter inside: Connections that libmicrohttpd has.
  /// - Returns: How many were in the middle of a head.
  func sweep(inside: Int, now: Int64) -> Int {
    let isCrowded = inside + visitors.count >= limit + Self.waitingRoom
    let patience = isCrowded ? min(deadlines.idle, 1_000_000_000) : deadlines.idle
    var cut = 0
    for (socket, visitor) in visitors {
      switch visitor.phase {
      case .silent: if now - visitor.since > patience { dismiss(socket) }
      case .head(let since):
        guard now - since > deadlines.head else { continue }
        cut += 1
        dismiss(socket)
      case .ready: continue
      case .leaving(let end): if now > end { dismiss(socket) }
      }
    }
    return cut
  }

  // MARK: Draining

  /// Takes in whoever waits, then closes the listener.
  func closeListener(inside: Int, now: Int64) {
    while inside + visitors.count < limit, acceptOne(now: now) {}
    listen(false)
    listener = nil
  }

  /// Dismisses who has said nothing.
  func dismissSilent() {
    for (socket, visitor) in visitors {
      if case .silent = visitor.phase, buttonwood_bytes_waiting(socket) == 0 { dismiss(socket) }
    }
  }

  /// Dismisses everybody.
  func dismissAll() { for socket in Array(visitors.keys) { dismiss(socket) } }

  // MARK: Waiting

  private func listen(_ isOpen: Bool) {
    guard let listener, isOpen != isListening else { return }
    isListening = isOpen
    var event = epoll_event()
    event.events = EPOLLIN.rawValue
    event.data.u64 = UInt64(listener.descriptor)
    epoll_ctl(poller, isOpen ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener.descriptor, &event)
  }

  private func watch(_ socket: Int32) {
    control(EPOLL_CTL_ADD, socket, EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue)
  }

  private func control(_ operation: Int32, _ socket: Int32, _ events: UInt32) {
    var event = epoll_event()
    event.events = events
    event.data.u64 = UInt64(socket)
    epoll_ctl(poller, operation, socket, &event)
  }
}
