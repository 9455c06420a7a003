internal import Glibc

/// A thread of its own that runs an actor's jobs in order, so that blocking C calls never starve the shared pool.
///
/// Keep it in the actor it serves; the thread ends once the executor is released and its queue is empty.
public final class ThreadExecutor: SerialExecutor {
  private let queue = JobQueue()

  /// Starts the thread. The first 15 bytes of `name` show in thread listings.
  public init(name: String) {
    let queue = queue
    startThread(name: name) { queue.runUntilClosed() }
  }

  deinit { queue.close() }

  public func enqueue(_ job: consuming ExecutorJob) {
    queue.push(UnownedJob(job), for: asUnownedSerialExecutor())
  }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

/// Jobs in order of arrival, handed from any thread to one.
///
/// `@unchecked Sendable`: every access of the mutable state holds the mutex.
private final class JobQueue: @unchecked Sendable {
  private var jobs: [(UnownedJob, UnownedSerialExecutor)] = []
  private var closed = false
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    precondition(pthread_mutex_init(mutex, nil) == 0 && pthread_cond_init(arrived, nil) == 0)
  }

  deinit {
    pthread_cond_destroy(arrived)
    pthread_mutex_destroy(mutex)
    arrived.deallocate()
    mutex.deallocate()
  }

  func push(_ job: UnownedJob, for executor: UnownedSerialExecutor) {
    pthread_mutex_lock(mutex)
    jobs.append((job, executor))
    pthread_cond_signal(arrived)
    pthread_mutex_unlock(mutex)
  }

  func close() {
    pthread_mutex_lock(mutex)
    closed = true
    pthread_cond_signal(arrived)
    pthread_mutex_unlock(mutex)
  }

  func runUntilClosed() {
    while true {
      pthread_mutex_lock(mutex)
      while jobs.isEmpty && !closed { pthread_cond_wait(arrived, mutex) }
      let batch = jobs
      jobs.removeAll(keepingCapacity: true)
      let finished = batch.isEmpty && closed
      pthread_mutex_unlock(mutex)
      if finished { return }
      for (job, executor) in batch { job.runSynchronously(on: executor) }
    }
  }
}

/// Starts a detached thread that runs `body` once.
package func startThread(name: String, _ body: @escaping @Sendable () -> Void) {
  final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void
    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }
  let start = Unmanaged.passRetained(Start(name, body))
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  var thread = pthread_t()
  let status = pthread_create(
    &thread, &attributes,
    { argument in
      let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
      nameThisThread(start.name)
      start.body()
      return nil
    }, start.toOpaque())
  pthread_attr_destroy(&attributes)
  precondition(status == 0, "a thread cannot be started: errno \(status)")
}

/// Names the calling thread. glibc's pthread_setname_np hides behind a macro that Swift does not set; procfs does the same.
private func nameThisThread(_ name: String) {
  let file = open("/proc/thread-self/comm", O_WRONLY)
  guard file >= 0 else { return }
  defer { close(file) }
  let bytes = Array(name.utf8.prefix(15))
  _ = write(file, bytes, bytes.count)
}
