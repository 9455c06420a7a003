internal import Synchronization

/// What a server has done and is doing; a snapshot whose numbers may be an instant apart.
public struct HTTPServerMetrics: Sendable, Equatable {
  /// Connections that are open.
  public var openConnections = 0
  /// Requests whose handler has not answered yet.
  public var inFlight = 0
  /// Connections accepted since the start.
  public var accepted = 0
  /// Answers since the start by the first digit of their status: index 2 counts the 2xx. Index 0 counts connections
  /// that a handler closed without an answer.
  public var answered = [0, 0, 0, 0, 0, 0]
  /// Requests since the start that the server itself refused (they count in `answered` too).
  public var refused = 0
  /// Connections closed since the start because a head, a body or the reading of an answer took too long.
  public var cutConnections = 0

  /// Connections that have become streams.
  public var streams = HTTPStreamMetrics()

  /// All zero.
  public init() {}

  static func + (left: Self, right: Self) -> Self {
    var sum = left
    sum.openConnections += right.openConnections
    sum.inFlight += right.inFlight
    sum.accepted += right.accepted
    for index in sum.answered.indices { sum.answered[index] += right.answered[index] }
    sum.refused += right.refused
    sum.cutConnections += right.cutConnections
    return sum
  }
}

/// Counters written by one loop and read by anyone.
final class ServerCounters: Sendable {
  let openConnections = Counter()
  let inFlight = Counter()
  let accepted = Counter()
  let refused = Counter()
  let cutConnections = Counter()
  private let answered: AnswerCounters = .init()

  /// Counts an answer; status 0 is a connection closed without one.
  func countAnswer(status: Int) { answered.count(status / 100) }

  var snapshot: HTTPServerMetrics {
    var metrics = HTTPServerMetrics()
    metrics.openConnections = openConnections.value
    metrics.inFlight = inFlight.value
    metrics.accepted = accepted.value
    metrics.answered = answered.snapshot
    metrics.refused = refused.value
    metrics.cutConnections = cutConnections.value
    return metrics
  }
}

/// Answers by class of status.
private struct AnswerCounters: ~Copyable, Sendable {
  private let none = Counter()
  private let informational = Counter()
  private let successful = Counter()
  private let redirected = Counter()
  private let clientErrors = Counter()
  private let serverErrors = Counter()

  func count(_ statusClass: Int) {
    switch statusClass {
    case 0: none.add(1)
    case 1: informational.add(1)
    case 2: successful.add(1)
    case 3: redirected.add(1)
    case 4: clientErrors.add(1)
    default: serverErrors.add(1)
    }
  }

  var snapshot: [Int] {
    [
      none.value, informational.value, successful.value,
      redirected.value, clientErrors.value,
      serverErrors.value,
    ]
  }
}

/// A number that one thread changes and any thread reads.
struct Counter: ~Copyable, Sendable {
  private let number = Atomic(0)

  var value: Int { number.load(ordering: .relaxed) }
  func add(_ amount: Int) { number.add(amount, ordering: .relaxed) }
  func set(_ value: Int) { number.store(value, ordering: .relaxed) }
}
