internal import Lifecycle

/// Several sessions that are used in turn: the one way to have more than one connection for the same questions.
///
/// Whoever finds all of them in use waits, and is served in the order of coming. A connection is looked at before it is lent:
/// one that the server has hung up is made anew; one that broke while it was used is lent last. One that hangs keeps its
/// place for as long as ``TimeLimits/statementTimeout`` and ``TimeLimits/silence`` allow, and no other.
public final class PostgresPool: Sendable {
  /// How many callers may wait at a time by default; one more is refused at once.
  public static let defaultMaximumWaiting = 10_000

  private struct State {
    var queue: PoolQueue
    var next: PoolQueue.Caller = 0
    var waiting: [PoolQueue.Caller: CheckedContinuation<Turn, Never>] = [:]
  }

  /// What came of asking.
  private enum Turn: Sendable {
    case place(Int)
    case refused(String)
  }

  private let sessions: [PostgresSession]
  private let patience: Duration
  private let state: Lock<State>

  /// Lends `sessions`, which may have other users as well.
  /// - Parameters:
  ///   - patience: How long a caller waits for a connection, by default ``TimeLimits/connectionTurn``.
  ///   - maximumWaiting: How many callers may wait.
  public init(
    _ sessions: [PostgresSession], patience: Duration? = nil, maximumWaiting: Int = PostgresPool.defaultMaximumWaiting
  ) {
    precondition(!sessions.isEmpty)
    self.sessions = sessions
    self.patience = patience ?? TimeLimits.connectionTurn.value
    state = Lock(State(queue: PoolQueue(places: sessions.count, maximumWaiting: maximumWaiting)))
  }

  /// Runs a body that may run twice: on a connection that died while it was idle it comes to nothing, and is run again on a
  /// new one.
  /// - Throws: ``PostgresError/unreachable(_:)`` also when no connection came free in time, when too many wait for one, when
  ///   the caller was canceled while it waited, and when the pool is closed.
  public func use<Result: Sendable>(
    _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Result
  ) async throws(PostgresError) -> Result {
    let place = try await take()
    do throws(PostgresError) {
      let result: Result
      do throws(PostgresError) {
        result = try await sessions[place].useAlive(body)
      } catch {
        guard case .connectionLost = error else { throw error }
        result = try await sessions[place].use(body)
      }
      await giveBack(place, isBroken: false)
      return result
    } catch {
      await giveBack(place, isBroken: error.isOfConnection)
      throw error
    }
  }

  /// Refuses those who wait and whoever comes, and ends the connections: those in use when they come back.
  public func close() async {
    let (refused, idle) = state.withLock { state in
      let (callers, idle) = state.queue.close()
      return (callers.map { state.waiting.removeValue(forKey: $0)! }, idle)
    }
    for caller in refused { caller.resume(returning: .refused(Self.closed)) }
    for place in idle { await sessions[place].disconnect() }
  }

  /// How many wait for a connection.
  var waitingCount: Int { state.withLock { $0.queue.waitingCount } }

  private static let closed = "the pool of connections is closed"

  private func take() async throws(PostgresError) -> Int {
    let turn = await turn()
    switch turn {
    case .place(let place): return place
    case .refused(let reason): throw .unreachable(reason)
    }
  }

  private func turn() async -> Turn {
    let (caller, place) = state.withLock { state in
      state.next += 1
      return (state.next, state.queue.takeIdle())
    }
    if let place { return .place(place) }
    return await withTaskGroup(of: Void.self) { group in
      group.addTask { [self] in
        do { try await Task.sleep(for: patience) } catch { return }
        leave(caller, "no connection of \(sessions.count) came free within \(patience)")
      }
      let turn = await wait(caller)
      group.cancelAll()
      return turn
    }
  }

  /// Stands in the line until a connection comes free, or the caller leaves it.
  private func wait(_ caller: PoolQueue.Caller) async -> Turn {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let turn = state.withLock { state -> Turn? in
          let answer = state.queue.ask(caller)
          if answer == .wait { state.waiting[caller] = continuation }
          return Self.turn(answer, behind: state.queue.waitingCount)
        }
        if let turn { continuation.resume(returning: turn) }
        // A cancellation before this point found nobody in the line.
        if Task.isCancelled { leave(caller, Self.cancelled) }
      }
    } onCancel: {
      leave(caller, Self.cancelled)
    }
  }

  private static let cancelled = "the wait for a connection was cancelled"

  /// What an answer of the queue means; nil when it means waiting.
  private static func turn(_ answer: PoolQueue.Answer, behind waiting: Int) -> Turn? {
    switch answer {
    case .take(let place): .place(place)
    case .wait: nil
    case .full: .refused("\(waiting) callers wait for a connection already")
    case .closed: .refused(closed)
    }
  }

  private func leave(_ caller: PoolQueue.Caller, _ reason: String) {
    let continuation = state.withLock { state in
      state.queue.leave(caller) ? state.waiting.removeValue(forKey: caller) : nil
    }
    continuation?.resume(returning: .refused(reason))
  }

  private func giveBack(_ place: Int, isBroken: Bool) async {
    let (next, isClosed) = state.withLock { state in
      let caller = state.queue.giveBack(place, isBroken: isBroken)
      return (caller.map { state.waiting.removeValue(forKey: $0)! }, state.queue.isClosed)
    }
    next?.resume(returning: .place(place))
    if isClosed { await sessions[place].disconnect() }
  }
}

extension PostgresError {
  /// Whether the connection is to blame, and not what was asked over it.
  fileprivate var isOfConnection: Bool {
    switch self {
    case .unreachable, .connectionLost, .protocolFault: true
    case .server: isOutage
    case .missingPartition, .unknownValue: false
    }
  }
}
