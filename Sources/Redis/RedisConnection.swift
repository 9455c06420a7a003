internal import CHiredis
internal import Glibc
internal import Lifecycle

/// One connection of the C library, freed with its owner. Replies are copied; no pointer leaves this type.
///
/// It belongs to one thread. (The library writes without MSG_NOSIGNAL, so `SIGPIPE` is blocked on that thread: a write
/// to a server that went away fails with EPIPE instead of ending the process.)
struct RedisConnection: ~Copyable {
  /// The server.
  let endpoint: RedisEndpoint
  private let context: UnsafeMutablePointer<redisContext>
  private let largestReply: Int
  /// The number by which the server knows the connection, from the login.
  private(set) var clientID: Int64 = 0

  /// Connects to a server and logs in.
  /// - Parameter deadline: On ``HostClock/monotonicNanoseconds()``.
  /// - Throws: ``RedisError/unavailable(reason:)`` when the server cannot be reached in time.
  init(_ endpoint: RedisEndpoint, _ settings: RedisSettings, deadline: Int64) throws(RedisError) {
    blockBrokenPipeSignal()
    self.endpoint = endpoint
    largestReply = settings.largestReply
    context = try connected(endpoint, settings, deadline: deadline)
  }

  deinit { redisFree(context) }

  /// Logs in, chooses the database and makes sure that the server answers: one that hangs still lets its kernel connect.
  /// - Throws: ``RedisError/unavailable(reason:)`` when it does not answer in time, ``RedisError/refused(_:)`` when it
  ///   does not take the login.
  mutating func logIn(_ login: RedisLogin, database: Int, name: String, deadline: Int64) throws(RedisError) {
    var commands: [RedisCommand] = []
    if let login = login.command { commands.append(login) }
    if database != 0 { commands.append(RedisCommand("SELECT", String(database))) }
    if !name.isEmpty { commands.append(RedisCommand("CLIENT", "SETNAME", name)) }
    commands.append(RedisCommand("CLIENT", "ID"))
    let replies = try firstReplies(commands, deadline: deadline)
    for reply in replies { _ = try reply.accepted() }
    guard let id = replies.last?.integer else { throw .malformedReply(reason: "CLIENT ID gave no number") }
    clientID = id
  }

  /// The first exchange over a connection: nothing but a question, so that its failure means that there is no server.
  /// - Throws: ``RedisError/unavailable(reason:)``.
  func firstReplies(_ commands: [RedisCommand], deadline: Int64) throws(RedisError) -> [RedisValue] {
    do throws(RedisError) {
      return try exchange(commands, deadline: deadline)
    } catch {
      throw .unavailable(reason: "\(endpoint): no answer to the login (\(error))")
    }
  }

  /// Sends all commands in one go and reads all their replies.
  /// - Parameter deadline: On ``HostClock/monotonicNanoseconds()``.
  /// - Throws: Anything thrown means that the connection is of no use any more.
  func exchange(_ commands: [RedisCommand], deadline: Int64) throws(RedisError) -> [RedisValue] {
    try send(commands, deadline: deadline)
    return try receive(commands.count, deadline: deadline)
  }

  /// Sends all commands in one go; their replies must be received before the next are exchanged.
  func send(_ commands: [RedisCommand], deadline: Int64) throws(RedisError) {
    try append(commands)
    try flush(deadline: deadline)
  }

  /// Reads the replies to commands that were sent.
  func receive(_ count: Int, deadline: Int64) throws(RedisError) -> [RedisValue] {
    var replies: [RedisValue] = []
    replies.reserveCapacity(count)
    var received = 0
    while replies.count < count {
      guard let reply = try nextReply() else {
        try waitForBytes(until: deadline)
        let before = context.pointee.reader.pointee.len
        guard redisBufferRead(context) == REDIS_OK else { throw lost() }
        received += context.pointee.reader.pointee.len - before
        guard received <= largestReply else {
          throw .malformedReply(reason: "\(endpoint) sent more than \(largestReply) bytes")
        }
        continue
      }
      replies.append(reply)
    }
    return replies
  }

  private func append(_ commands: [RedisCommand]) throws(RedisError) {
    var arguments: [UnsafePointer<CChar>?] = []
    var lengths: [Int] = []
    for command in commands {
      let status = command.bytes.withUnsafeBytes { bytes in
        arguments.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        var start = 0
        for end in command.ends {
          // An empty argument of an empty buffer has no address; the library copies zero bytes from any.
          arguments.append(bytes.baseAddress.map { ($0 + start).assumingMemoryBound(to: CChar.self) })
          lengths.append(end - start)
          start = end
        }
        return redisAppendCommandArgv(context, Int32(arguments.count), &arguments, &lengths)
      }
      guard status == REDIS_OK else { throw lost() }
    }
  }

  private func flush(deadline: Int64) throws(RedisError) {
    var done: Int32 = 0
    while done == 0 {
      guard HostClock.monotonicNanoseconds() < deadline else {
        throw .timedOut(reason: "the server took the commands too slowly")
      }
      guard redisBufferWrite(context, &done) == REDIS_OK else { throw lost() }
    }
  }

  /// A reply that has already arrived; nil when none is complete.
  private func nextReply() throws(RedisError) -> RedisValue? {
    var raw: UnsafeMutableRawPointer?
    guard redisGetReplyFromReader(context, &raw) == REDIS_OK else { throw lost() }
    guard let raw else { return nil }
    defer { freeReplyObject(raw) }
    guard let value = copied(raw.assumingMemoryBound(to: redisReply.self)) else {
      throw .malformedReply(reason: "a reply of a kind that was not asked for")
    }
    return value
  }

  /// Waits until there is something to read. What has arrived is read even when the time is up: it may have gone by while
  /// another node was waited for.
  private func waitForBytes(until deadline: Int64) throws(RedisError) {
    while true {
      let remaining = max(0, deadline - HostClock.monotonicNanoseconds())
      var descriptor = pollfd(fd: context.pointee.fd, events: Int16(POLLIN), revents: 0)
      let milliseconds = min((remaining + 999_999) / 1_000_000, Int64(Int32.max))
      let ready = poll(&descriptor, 1, Int32(milliseconds))
      if ready > 0 { return }
      if ready < 0, errno != EINTR { throw .connectionLost(reason: "poll failed with errno \(errno)") }
      guard remaining > 0 else { throw .timedOut(reason: "\(endpoint) did not answer before the deadline") }
    }
  }

  private func lost() -> RedisError {
    let reason = message(of: context)
    switch context.pointee.err {
    case REDIS_ERR_PROTOCOL: return .malformedReply(reason: reason)
    case REDIS_ERR_IO where errno == EAGAIN: return .timedOut(reason: "the server took no more commands")
    default: return .connectionLost(reason: reason)
    }
  }
}

/// Makes a connected context with its time-outs set.
private func connected(
  _ endpoint: RedisEndpoint, _ settings: RedisSettings, deadline: Int64
) throws(RedisError) -> UnsafeMutablePointer<redisContext> {
  let remaining = deadline - HostClock.monotonicNanoseconds()
  guard remaining > 0 else { throw .unavailable(reason: "\(endpoint): no time left to connect") }
  let limit = timeval(min(settings.connectTimeout, .nanoseconds(remaining)))
  let made: UnsafeMutablePointer<redisContext>?
  switch endpoint {
  case .tcp(let host, let port): made = redisConnectWithTimeout(host, Int32(port), limit)
  case .unix(let path): made = redisConnectUnixWithTimeout(path, limit)
  }
  guard let context = made else { throw .unavailable(reason: "no memory for a connection") }
  guard context.pointee.err == 0 else {
    let reason = message(of: context)
    redisFree(context)
    throw .unavailable(reason: "\(endpoint): \(reason)")
  }
  // A program that is started from this one must not keep the connection open.
  _ = fcntl(context.pointee.fd, F_SETFD, FD_CLOEXEC)
  // Bounds each write; reads are bounded by poll. Failing to set either leaves the deadline of the call.
  _ = redisSetTimeout(context, timeval(settings.commandTimeout))
  if case .tcp = endpoint { askWhetherAlive(context.pointee.fd, after: settings.keepAlive) }
  return context
}

private func askWhetherAlive(_ descriptor: Int32, after idle: Duration) {
  func set(_ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }
  let seconds = max(1, Int32(idle.components.seconds))
  set(SOL_SOCKET, SO_KEEPALIVE, 1)
  set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, seconds)
  set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, max(1, seconds / 3))
  set(Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
}

private func message(of context: UnsafeMutablePointer<redisContext>) -> String {
  withUnsafeBytes(of: &context.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

/// Copies a reply; nil for kinds of the third protocol version, which is never asked for.
private func copied(_ reply: UnsafePointer<redisReply>) -> RedisValue? {
  switch reply.pointee.type {
  case REDIS_REPLY_STRING, REDIS_REPLY_STATUS:
    return .bytes([UInt8](UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.len)))
  case REDIS_REPLY_INTEGER: return .integer(reply.pointee.integer)
  case REDIS_REPLY_NIL: return .null
  case REDIS_REPLY_ERROR:
    let text = UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.len)
    return .refusal(RedisRefusal(reply: String(decoding: text, as: UTF8.self)))
  case REDIS_REPLY_ARRAY:
    var elements: [RedisValue] = []
    elements.reserveCapacity(reply.pointee.elements)
    for index in 0..<reply.pointee.elements {
      guard let element = reply.pointee.element[index], let value = copied(element) else { return nil }
      elements.append(value)
    }
    return .array(elements)
  default: return nil
  }
}

private func blockBrokenPipeSignal() {
  var signals = sigset_t()
  sigemptyset(&signals)
  sigaddset(&signals, SIGPIPE)
  pthread_sigmask(SIG_BLOCK, &signals, nil)
}

extension timeval {
  fileprivate init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    // Zero would mean no limit.
    self.init(tv_sec: Int(seconds), tv_usec: max(1, Int(attoseconds / 1_000_000_000_000)))
  }
}
