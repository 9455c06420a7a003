internal import Glibc

/// A door that is opened once: threads may wait before it. For threads that serve blocking calls only; never for the shared pool.
///
/// `@unchecked Sendable`: every access of the mutable state holds the mutex.
public final class Latch: @unchecked Sendable {
  private var isOpen = false
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let opened = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// A closed one.
  public init() {
    precondition(pthread_mutex_init(mutex, nil) == 0 && pthread_cond_init(opened, nil) == 0)
  }

  deinit {
    pthread_cond_destroy(opened)
    pthread_mutex_destroy(mutex)
    opened.deallocate()
    mutex.deallocate()
  }

  /// Lets all through, now and for ever.
  public func open() {
    pthread_mutex_lock(mutex)
    isOpen = true
    pthread_cond_broadcast(opened)
    pthread_mutex_unlock(mutex)
  }

  /// Blocks the thread until it is open.
  public func wait() {
    pthread_mutex_lock(mutex)
    while !isOpen { pthread_cond_wait(opened, mutex) }
    pthread_mutex_unlock(mutex)
  }
}
