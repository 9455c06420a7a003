internal import Lifecycle

/// A question to a server that may never answer. It is put by one caller at a time; whoever asks meanwhile waits for the same
/// answer, and nobody for longer than a bound.
final class BoundedQuestion<Answer: Sendable>: Sendable {
  private struct Waiter {
    var reply: CheckedContinuation<Answer?, Never>
    var alarm: Alarm
  }

  private struct State {
    var waiters: [Int: Waiter] = [:]
    var last = 0
    var isAsking = false
  }

  private let ask: @Sendable () async -> Answer
  private let state = Lock(State())
  private let asking = BackgroundQueue<Once>()

  init(_ ask: @escaping @Sendable () async -> Answer) { self.ask = ask }

  /// The answer; nil when there is none in time. The server is left to answer the question all the same, and is not asked
  /// again before it has.
  func answer(within limit: Duration) async -> Answer? {
    await withCheckedContinuation { reply in
      let begins = state.withLock { state in
        state.last += 1
        let number = state.last
        let alarm = Alarm(after: limit) { [self] in take(number)?.reply.resume(returning: nil) }
        state.waiters[number] = Waiter(reply: reply, alarm: alarm)
        defer { state.isAsking = true }
        return !state.isAsking
      }
      if begins { asking.add(sending: { [self] _ in await put() }) { $0.isDue = true } }
    }
  }

  private func put() async {
    let answer = await ask()
    let waiters = state.withLock { state in
      defer { (state.waiters, state.isAsking) = ([:], false) }
      return state.waiters.values
    }
    for waiter in waiters {
      waiter.alarm.putOff()
      waiter.reply.resume(returning: answer)
    }
  }

  private func take(_ number: Int) -> Waiter? { state.withLock { $0.waiters.removeValue(forKey: number) } }
}
