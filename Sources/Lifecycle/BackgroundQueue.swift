/// What is to be sent and waits for its turn: it gathers while something else is under way.
public protocol GatheredWork {
  /// Begins with nothing known.
  init()
  /// Whether there is nothing to send.
  var isEmpty: Bool { get }
  /// Takes out what goes into the next sending: all of it, unless a kind of work says otherwise.
  mutating func takeNext() -> Self
}

extension GatheredWork {
  public mutating func takeNext() -> Self {
    defer { self = Self() }
    return self
  }
}

extension Array: GatheredWork {}
extension Set: GatheredWork {}
extension Dictionary: GatheredWork {}

/// Elements of which each is a sending of its own, in the order in which they came.
public struct OneByOne<Element: Sendable>: GatheredWork, Sendable {
  private var elements: [Element]

  /// Begins with nothing known.
  public init() { elements = [] }

  private init(_ element: Element) { elements = [element] }

  public var isEmpty: Bool { elements.isEmpty }
  /// How many wait.
  public var count: Int { elements.count }
  /// The one whose turn it is.
  public var first: Element? { elements.first }

  /// Puts an element behind the others.
  public mutating func append(_ element: Element) { elements.append(element) }

  public mutating func takeNext() -> Self { elements.isEmpty ? Self() : Self(elements.removeFirst()) }
}

/// A request of which many are as good as one.
public struct Once: GatheredWork, Hashable, Sendable {
  /// Whether it is made.
  public var isDue = false

  /// Not made.
  public init() {}

  public var isEmpty: Bool { !isDue }
}

/// Sends in the background, one sending at a time: whoever adds something never waits, and what is added meanwhile goes
/// together into the next sending, or as much of it as ``GatheredWork/takeNext()`` says.
///
/// How it gathers is the adder's: newer work may replace older, and what waits has a bound that the adder keeps. A queue that is
/// empty costs no task.
public final class BackgroundQueue<Work: GatheredWork & Sendable>: Sendable {
  private struct State {
    var waiting = Work()
    var isSending = false
  }

  private let state = Lock(State())

  /// Makes an empty queue.
  public init() {}

  /// Changes what waits, and has it sent.
  /// - Parameters:
  ///   - send: Sends what has gathered; the same for all who add. What it fails with is its own affair: the queue goes on.
  ///   - change: Runs under a lock: it must be short.
  /// - Returns: What `change` returns.
  @discardableResult
  public func add<Result: Sendable>(
    sending send: @escaping @Sendable (Work) async -> Void, _ change: (inout Work) -> Result
  ) -> Result {
    let (result, begins) = state.withLock { state in
      let result = change(&state.waiting)
      let begins = !state.isSending && !state.waiting.isEmpty
      if begins { state.isSending = true }
      return (result, begins)
    }
    if begins { Task { await work(send) } }
    return result
  }

  /// Takes back what waits.
  public func drop() -> Work {
    state.withLock { state in
      defer { state.waiting = Work() }
      return state.waiting
    }
  }

  private func work(_ send: @Sendable (Work) async -> Void) async {
    while true {
      let gathered = state.withLock { state in
        let gathered = state.waiting.takeNext()
        state.isSending = !gathered.isEmpty
        return gathered
      }
      guard !gathered.isEmpty else { return }
      await send(gathered)
    }
  }
}
