internal import CMicroHTTPD
internal import Glibc

/// Runs Swift jobs on an event loop's thread: handlers start, suspend and resume there without a hop.
///
/// `@unchecked Sendable`: every access of the mutable state holds the mutex.
final class LoopExecutor: TaskExecutor, @unchecked Sendable {
  /// Becomes readable when a job arrives while the loop sleeps.
  let wakeDescriptor: Int32

  private var arrived: [UnownedJob] = []
  private var isAsleep = false
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  /// Throws `HTTPServerError.outOfDescriptors`.
  init() throws(HTTPServerError) {
    wakeDescriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
    precondition(pthread_mutex_init(mutex, nil) == 0)
    guard wakeDescriptor >= 0 else { throw .outOfDescriptors }
  }

  deinit {
    if wakeDescriptor >= 0 { close(wakeDescriptor) }
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    pthread_mutex_lock(mutex)
    arrived.append(job)
    let mustWake = isAsleep
    isAsleep = false
    pthread_mutex_unlock(mutex)
    if mustWake { wake() }
  }

  /// Ends the loop's sleep.
  func wake() { eventfd_write(wakeDescriptor, 1) }

  /// Runs the jobs that have arrived, and not those that they add. `batch` is scratch space that keeps its capacity.
  func runJobs(_ batch: inout [UnownedJob]) {
    pthread_mutex_lock(mutex)
    swap(&batch, &arrived)
    pthread_mutex_unlock(mutex)
    for job in batch { job.runSynchronously(on: asUnownedTaskExecutor()) }
    batch.removeAll(keepingCapacity: true)
  }

  /// Announces that the loop is about to wait on `wakeDescriptor`; false when there is work instead.
  func mayFallAsleep() -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    isAsleep = arrived.isEmpty
    return isAsleep
  }

  /// Ends what `mayFallAsleep` began.
  func wokeUp(signalled: Bool) {
    pthread_mutex_lock(mutex)
    isAsleep = false
    pthread_mutex_unlock(mutex)
    var count: eventfd_t = 0
    if signalled { eventfd_read(wakeDescriptor, &count) }
  }
}
