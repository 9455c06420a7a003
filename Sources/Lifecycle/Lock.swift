internal import Glibc

/// A value behind a short lock: for counters and small tables that several threads share.
///
/// `@unchecked Sendable`: every access of the value holds the mutex. (A pthread mutex, because ThreadSanitizer reports
/// false races with `Synchronization.Mutex` on Linux.)
public final class Lock<Value>: @unchecked Sendable {
  private var value: Value
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  /// Guards `value`.
  public init(_ value: sending Value) {
    self.value = value
    precondition(pthread_mutex_init(mutex, nil) == 0)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` with the value to itself. Do not block, suspend or take another lock inside.
  public func withLock<Result: ~Copyable, Failure>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
