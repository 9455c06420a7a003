internal import Accounting
internal import CMicroHTTPD
internal import Glibc
internal import Lifecycle
internal import Market

/// Many streams on one thread with one epoll, which reads whatever comes as soon as it can.
///
/// `@unchecked Sendable`: the seats are confined to the thread until it has ended; counts are behind a lock.
package final class StreamCrowd: @unchecked Sendable {
  /// A stream to be opened.
  package struct Place: Sendable {
    package var kind: StreamKind
    /// The number of its key.
    package var account: Int
    /// The number of its gateway.
    package var gateway: Int

    /// Names a stream to be opened.
    package init(_ kind: StreamKind, account: Int, gateway: Int) {
      self.kind = kind
      self.account = account
      self.gateway = gateway
    }
  }

  /// What became of the streams so far.
  package struct Tally: Sendable, Equatable {
    package var opened = 0
    /// Never open.
    package var refused = 0
    /// Open once, and closed by the other side.
    package var dropped = 0
    package var events = 0
    /// Why streams were refused or dropped, at most ``StreamCrowd/reasonLimit`` reasons.
    package var reasons: [String: Int] = [:]

    /// Nothing yet.
    package init() {}

    /// Adds another crowd's.
    package mutating func add(_ other: Tally) {
      opened += other.opened
      refused += other.refused
      dropped += other.dropped
      events += other.events
      reasons.merge(other.reasons, uniquingKeysWith: +)
    }
  }

  /// What one stream got.
  package struct Record: Sendable {
    package var place: Place
    /// Whether it is open still.
    package var isOpen = false
    /// The events' times, in microseconds, as they came.
    package var times: [Int64] = []
    /// When each came, in microseconds; kept on request.
    package var arrivals: [Int64] = []
  }

  /// Reasons told apart at most.
  static let reasonLimit = 20
  /// Streams being opened at a time.
  static let openingLimit = 64
  /// Events that are remembered at most, all streams together: 8 or 16 bytes each.
  static let memoryLimit = 50_000_000

  private final class Seat {
    var socket: Int32 = -1
    var dialogue: StreamDialogue
    var record: Record
    var hasConnected = false

    init(_ place: Place, _ dialogue: StreamDialogue) {
      self.dialogue = dialogue
      record = Record(place: place)
    }
  }

  private let addresses: [GatewayAddress.Resolved]
  private let seats: [Seat]
  private let keepsArrivals: Bool
  private let state = Lock((tally: Tally(), isStopping: false))
  private let poller = epoll_create1(Int32(EPOLL_CLOEXEC))
  private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
  private var nextSeat = 0
  private var opening = 0
  private var remembered = 0
  /// What has happened since the tally was last brought up to date.
  private var fresh = Tally()

  /// A crowd that opens nothing yet.
  /// - Throws: when a host is not known.
  package init(
    _ places: [Place], gateways: [GatewayAddress], keys: [TradingKey], keepsArrivals: Bool
  ) throws(TradingClientError) {
    var addresses: [GatewayAddress.Resolved] = []
    for gateway in gateways {
      guard let address = gateway.socketAddress() else { throw .unknownHost(gateway.host) }
      addresses.append(address)
    }
    self.addresses = addresses
    self.keepsArrivals = keepsArrivals
    seats = places.map { place in
      Seat(place, StreamDialogue(place.kind, key: keys[place.account], host: gateways[place.gateway].hostHeader))
    }
    guard poller >= 0 else { throw .cannotStart("no descriptor for an epoll") }
  }

  deinit {
    if poller >= 0 { close(poller) }
    scratch.deallocate()
  }

  /// What became of the streams so far.
  package var tally: Tally { state.withLock { $0.tally } }

  /// Opens the streams and reads them until ``stop()``; blocks the calling thread. Returns what each got.
  package func run() -> [Record] {
    var ready = [epoll_event](repeating: epoll_event(), count: 512)
    while !share() {
      while opening < Self.openingLimit, nextSeat < seats.count { beginNext() }
      let count = epoll_wait(poller, &ready, Int32(ready.count), 100)
      for event in ready.prefix(Int(max(0, count))) { serve(Int(event.data.u64)) }
    }
    for seat in seats where seat.socket >= 0 { close(seat.socket) }
    return seats.map(\.record)
  }

  /// Lets ``run()`` come to its end.
  package func stop() { state.withLock { $0.isStopping = true } }

  /// Shows what has happened; returns whether to stop.
  private func share() -> Bool {
    defer { fresh = Tally() }
    let news = fresh
    return state.withLock { state in
      state.tally.add(news)
      return state.isStopping
    }
  }

  private func beginNext() {
    let number = nextSeat
    let seat = seats[number]
    nextSeat += 1
    opening += 1
    let address = addresses[seat.record.place.gateway]
    let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    seat.socket = socket(address.family, flags, 0)
    guard seat.socket >= 0 else { return finish(seat, "cannot open a socket: \(words(errno))") }
    guard address.connect(seat.socket) == 0 || errno == EINPROGRESS else {
      return finish(seat, "cannot connect: \(words(errno))")
    }
    watch(number, EPOLL_CTL_ADD, EPOLLOUT.rawValue)
  }

  private func watch(_ number: Int, _ operation: Int32, _ events: UInt32) {
    var event = epoll_event()
    event.events = events
    event.data.u64 = UInt64(number)
    epoll_ctl(poller, operation, seats[number].socket, &event)
  }

  private func serve(_ number: Int) {
    let seat = seats[number]
    guard seat.socket >= 0 else { return }
    guard seat.hasConnected else {
      var code: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(seat.socket, SOL_SOCKET, SO_ERROR, &code, &size)
      guard code == 0 else { return finish(seat, "cannot connect: \(words(code))") }
      seat.hasConnected = true
      watch(number, EPOLL_CTL_MOD, EPOLLIN.rawValue)
      return send(seat.dialogue.greeting, seat)
    }
    let count = recv(seat.socket, scratch.baseAddress!, scratch.count, 0)
    if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
    let arrival = keepsArrivals ? HostClock.microsecondsSinceEpoch() : 0
    guard count > 0 else {
      return finish(seat, "the connection was closed")
    }
    seat.dialogue.take(UnsafeRawBufferPointer(rebasing: scratch[..<count])) { step in
      if seat.socket >= 0 { take(step, seat, arrival) }
    }
  }

  private func take(_ step: StreamDialogue.Step, _ seat: Seat, _ arrival: Int64) {
    switch step {
    case .send(let bytes): send(bytes, seat)
    case .opened:
      seat.record.isOpen = true
      fresh.opened += 1
      opening -= 1
    case .event(let id):
      fresh.events += 1
      remembered += 1
      guard remembered <= Self.memoryLimit else { return finish(seat, "too many events to remember") }
      seat.record.times.append(id.at.rawValue)
      if keepsArrivals { seat.record.arrivals.append(arrival) }
    case .ended(let reason): finish(seat, reason)
    }
  }

  /// What a client says is short, and nothing waits before it: what the kernel does not take at once fails.
  private func send(_ bytes: [UInt8], _ seat: Seat) {
    guard seat.socket >= 0 else { return }
    let count = Glibc.send(seat.socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    if count != bytes.count { finish(seat, "cannot send") }
  }

  private func finish(_ seat: Seat, _ reason: String) {
    if seat.socket >= 0 { close(seat.socket) }
    seat.socket = -1
    if seat.record.isOpen {
      fresh.dropped += 1
    } else {
      fresh.refused += 1
      opening -= 1
    }
    seat.record.isOpen = false
    let isKnown = fresh.reasons[reason] != nil || fresh.reasons.count < Self.reasonLimit
    fresh.reasons[isKnown ? reason : "other reasons", default: 0] += 1
  }

  private func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}
