internal import Lifecycle
package import Ports

/// A reading that begins after it was asked for: for those whom no earlier one can answer. All who ask while one is under way
/// share the next, and a pause lies between two, so that names that nobody has cost one reading a pause, however many ask.
package final class FreshReading<Value: Sendable>: Sendable {
  private typealias Waiter = CheckedContinuation<Result<Value, StoreError>, Never>

  private let pause: Duration
  private let read: @Sendable () async throws(StoreError) -> Value
  private let queue = BackgroundQueue<[Waiter]>()

  package init(pause: Duration, _ read: @escaping @Sendable () async throws(StoreError) -> Value) {
    self.pause = pause
    self.read = read
  }

  /// What is read from now on.
  package func value() async throws(StoreError) -> Value {
    let result = await withCheckedContinuation { (waiter: Waiter) in
      queue.add(sending: { [self] in await answer($0) }) { $0.append(waiter) }
    }
    return try result.get()
  }

  private func answer(_ waiters: [Waiter]) async {
    let result: Result<Value, StoreError>
    do throws(StoreError) { result = .success(try await read()) } catch { result = .failure(error) }
    for waiter in waiters { waiter.resume(returning: result) }
    try? await Task.sleep(for: pause)
  }
}
