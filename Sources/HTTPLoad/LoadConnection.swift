/// One connection of a load client. Confined to the client's thread.
final class LoadConnection {
  let index: Int
  var descriptor: Int32 = -1
  var phase = Phase.closed
  /// Requests sent, or in `output`, in order.
  var flights = Queue<Flight>()
  /// Requests that must go over this connection and wait for it.
  var pinned = Queue<HTTPLoadRequest>()
  var output: [UInt8] = []
  /// How much of `output` is sent.
  var sent = 0
  var parser: AnswerParser
  /// The connection stands in the loop's list of those with room.
  var isListed = false
  /// The connection stands in the loop's list of those with something to send.
  var isTouched = false
  /// The epoll events asked for.
  var interest: UInt32 = 0

  private let makeParser: () -> AnswerParser

  /// A request under way.
  struct Flight {
    var token: UInt64
    var isHead: Bool
    var sentAt: Int64 = 0
    var completed: (@Sendable (HTTPCompletion) -> Void)?
  }

  enum Phase {
    case closed
    case connecting(since: Int64)
    case open
  }

  init(index: Int, makeParser: @escaping () -> AnswerParser) {
    self.index = index
    self.makeParser = makeParser
    parser = makeParser()
  }

  /// Puts a request into the output.
  func add(_ request: HTTPLoadRequest, host: [UInt8]) {
    request.write(to: &output, host: host)
    flights.append(Flight(token: request.token, isHead: request.isHead, completed: request.completed))
  }

  /// Marks what is about to leave with the time.
  func stamp(now: Int64) {
    flights.update { if $0.sentAt == 0 { $0.sentAt = now } }
  }

  /// Forgets everything of the connection that ended.
  func reset() {
    descriptor = -1
    phase = .closed
    flights = Queue()
    output.removeAll(keepingCapacity: true)
    sent = 0
    interest = 0
    parser = makeParser()
  }
}
