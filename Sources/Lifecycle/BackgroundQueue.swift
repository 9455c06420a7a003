/// What is to be sent and waits for its turn: it gathers while something else is under way.
public protocol GatheredWork {
  /// Nothing.
  init()
  /// Whether there is nothing to send.
  var isEmpty: Bool { get }
}

extension Array: GatheredWork {}
extension Set: GatheredWork {}
extension Dictionary: GatheredWork {}

/// Sends in the background, one sending at a time: whoever adds something never waits, and what is added meanwhile goes
/// together into the next sending.
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
        let gathered = state.waiting
        state.waiting = Work()
        state.isSending = !gathered.isEmpty
        return gathered
      }
      guard !gathered.isEmpty else { return }
      await send(gathered)
    }
  }
}
