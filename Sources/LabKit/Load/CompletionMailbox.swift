internal import Glibc
package import HTTPLoad

/// Completions on their way from the HTTP client's thread to the one that plans.
///
/// `@unchecked Sendable`: the mutex is held at every access of the mutable state.
package final class CompletionMailbox: @unchecked Sendable {
  private var completions: [HTTPCompletion] = []
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// An empty mailbox.
  package init() {
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    precondition(pthread_mutex_init(mutex, nil) == 0 && pthread_cond_init(arrived, &attributes) == 0)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(arrived)
    pthread_mutex_destroy(mutex)
    arrived.deallocate()
    mutex.deallocate()
  }

  /// Adds a batch.
  package func put(_ batch: [HTTPCompletion]) {
    pthread_mutex_lock(mutex)
    completions += batch
    pthread_cond_signal(arrived)
    pthread_mutex_unlock(mutex)
  }

  /// Takes what has arrived; blocks the thread while there is nothing, up to a moment in monotonic nanoseconds.
  package func take(until deadline: Int64) -> [HTTPCompletion] {
    var moment = timespec()
    moment.tv_sec = Int(deadline / 1_000_000_000)
    moment.tv_nsec = Int(deadline % 1_000_000_000)
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while completions.isEmpty, pthread_cond_timedwait(arrived, mutex, &moment) == 0 {}
    defer { completions = [] }
    return completions
  }
}
