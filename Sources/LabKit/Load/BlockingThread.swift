internal import Lifecycle

/// Runs `body`, which may block, on a thread of its own and waits for its result without holding a pool thread.
package func onThread<Value: Sendable>(_ name: String, _ body: @escaping @Sendable () -> Value) async -> Value {
  await withCheckedContinuation { continuation in
    startThread(name: name) { continuation.resume(returning: body()) }
  }
}
