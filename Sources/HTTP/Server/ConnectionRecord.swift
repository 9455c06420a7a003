/// What the loop knows of one open connection, to enforce its deadlines. Confined to the loop's thread.
final class ConnectionRecord {
  let socket: Int32
  let peer: String
  /// Whose address counts it.
  let key: AddressKey
  /// Where the record stands in the loop's table.
  var index = 0
  /// The exchange whose handler is at work.
  var waiting: Exchange?
  private(set) var phase = ConnectionPhase.idle(received: nil)

  init(socket: Int32, peer: String, key: AddressKey) {
    self.socket = socket
    self.peer = peer
    self.key = key
  }

  /// The connection begins a phase.
  func enter(_ phase: ConnectionPhase) { self.phase = phase }

  /// The first line of a request is here; its first byte may have been seen before.
  func sawTarget(now: Int64) {
    if case .head = phase { return }
    phase = .head(since: now)
  }

  /// An idle connection that has sent something since the last look is in the middle of a head.
  func look(received: UInt64, now: Int64) {
    guard case .idle(let before) = phase else { return }
    if before == nil && received > 0 || before == received {
      phase = .idle(received: received)
    } else if received > 0 {
      phase = .head(since: now)
    } else {
      phase = .idle(received: 0)
    }
  }
}

/// What a connection is doing; times are monotonic nanoseconds.
enum ConnectionPhase {
  /// Between requests, with the bytes that had arrived when it was last looked at.
  case idle(received: UInt64?)
  case head(since: Int64)
  case body(since: Int64)
  /// A handler is at work: no deadline of ours.
  case waiting
  case answering(since: Int64)

  /// The client has not sent a whole request.
  var isReceiving: Bool {
    switch self {
    case .idle, .head, .body: true
    case .waiting, .answering: false
    }
  }
}

/// How long each phase may last, in nanoseconds.
struct PhaseDeadlines {
  var head: Int64
  var body: Int64
  var answer: Int64

  /// The phase has lasted too long.
  func isOver(_ phase: ConnectionPhase, now: Int64) -> Bool {
    switch phase {
    case .idle, .waiting: false
    case .head(let since): now - since > head
    case .body(let since): now - since > body
    case .answering(let since): now - since > answer
    }
  }

  /// How often to look, so that a deadline is kept to about a quarter of itself, at most a second late.
  var interval: Int64 { max(20_000_000, min(1_000_000_000, min(head, body, answer) / 4)) }
}
