internal import Lifecycle
package import Ports

/// A reading that begins after it was asked for: for those whom no earlier one can answer. All who ask while one is under way
/// share the next, and a pause lies between two, so that names that nobody has cost one reading a pause, however many ask.
package actor FreshReading<Value: Sendable> {
  private typealias Waiter = CheckedContinuation<Result<Value, LedgerError>, Never>

  private let pause: Duration
  private let read: @Sendable () async throws(LedgerError) -> Value
  private var waiting: [Waiter] = []
  private var isWorking = false

  package init(pause: Duration, _ read: @escaping @Sendable () async throws(LedgerError) -> Value) {
    self.pause = pause
    self.read = read
  }

  /// What is read from now on.
  package func value() async throws(LedgerError) -> Value {
    let result = await withCheckedContinuation { (waiter: Waiter) in
      waiting.append(waiter)
      guard !isWorking else { return }
      isWorking = true
      Task { await work() }
    }
    return try result.get()
  }

  private func work() async {
    while !waiting.isEmpty {
      let waiters = waiting
      waiting = []
      let result: Result<Value, LedgerError>
      do throws(LedgerError) { result = .success(try await read()) } catch { result = .failure(error) }
      for waiter in waiters { waiter.resume(returning: result) }
      try? await Task.sleep(for: pause)
    }
    isWorking = false
  }
}
