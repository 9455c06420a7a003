// The toolchain's own interface for replacing executors is experimental: it is used here alone, and never in what
// production links.
@_spi(ExperimentalCustomExecutors) @_spi(ExperimentalScheduling) internal import _Concurrency
internal import CVirtualClock

/// Runs every task, actor and sleep of the process on the calling thread, in an order that a seed determines, by a virtual
/// clock.
///
/// Whatever may run is in one list, from which the next is drawn by lot. When nothing may run, the clock moves on to the
/// next sleeper; all that are due then may run, in any order.
///
/// `@unchecked Sendable`: it is used from one thread only, which the caller of ``drain()`` is.
final class SeededExecutor: TaskExecutor, SerialExecutor, SchedulingExecutor, MainExecutor, @unchecked Sendable {
  private struct Sleeper {
    var at: Int64
    var order: Int
    var job: UnownedJob
  }

  static let shared = SeededExecutor()

  /// Draws what runs next.
  var random = SeededGenerator(seed: 0)
  /// Jobs that have run.
  private(set) var steps = 0
  private var ready: [UnownedJob] = []
  /// A heap: the first to wake is at its beginning.
  private var sleepers: [Sleeper] = []
  private var order = 0

  func enqueue(_ job: consuming ExecutorJob) { ready.append(UnownedJob(job)) }

  func enqueue<C: Clock>(
    _ job: consuming ExecutorJob, after delay: C.Duration, tolerance: C.Duration?, clock: C
  ) {
    sleep(UnownedJob(job), for: delay as! Duration)
  }

  func enqueue<C: Clock>(
    _ job: consuming ExecutorJob, at instant: C.Instant, tolerance: C.Duration?, clock: C
  ) {
    sleep(UnownedJob(job), for: clock.now.duration(to: instant) as! Duration)
  }

  private func sleep(_ job: UnownedJob, for span: Duration) {
    let (seconds, attoseconds) = span.components
    let wait = max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    order += 1
    sleepers.append(Sleeper(at: virtual_clock_get() + wait, order: order, job: job))
    var child = sleepers.count - 1
    while child > 0, isEarlier(child, (child - 1) / 2) {
      sleepers.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private func isEarlier(_ a: Int, _ b: Int) -> Bool {
    (sleepers[a].at, sleepers[a].order) < (sleepers[b].at, sleepers[b].order)
  }

  private func wake() {
    ready.append(sleepers[0].job)
    let last = sleepers.removeLast()
    guard !sleepers.isEmpty else { return }
    sleepers[0] = last
    var parent = 0
    while true {
      var first = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < sleepers.count && isEarlier(child, first) {
        first = child
      }
      guard first != parent else { return }
      sleepers.swapAt(first, parent)
      parent = first
    }
  }

  /// Runs until nothing is left to run or to wait for, or `limit` jobs have run.
  /// - Returns: Whether nothing is left.
  func drain(limit: Int = .max) -> Bool {
    let end = limit == .max ? Int.max : steps + limit
    while steps < end {
      if ready.isEmpty {
        guard let next = sleepers.first else { return true }
        virtual_clock_set(max(virtual_clock_get(), next.at))
        while let first = sleepers.first, first.at <= virtual_clock_get() { wake() }
      }
      let chosen = Int.random(in: 0..<ready.count, using: &random)
      ready.swapAt(chosen, ready.count - 1)
      steps += 1
      ready.removeLast().runSynchronously(
        isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    }
    return ready.isEmpty && sleepers.isEmpty
  }

  /// Starts a schedule anew.
  func begin(seed: UInt64, at nanoseconds: Int64) {
    random = SeededGenerator(seed: seed)
    (steps, order) = (0, 0)
    virtual_clock_set(nanoseconds)
  }

  func run() throws { _ = drain() }
  func runUntil(_ condition: () -> Bool) throws { while !condition(), !drain(limit: 1) {} }
  func stop() {}
}

/// Makes the seeded executor that of the process.
private struct SeededExecutors: ExecutorFactory {
  static var mainExecutor: any MainExecutor { SeededExecutor.shared }
  static var defaultExecutor: any TaskExecutor { SeededExecutor.shared }
}

/// The process's single thread of simulation.
package enum VirtualTime {
  /// Takes over all tasks and clocks of this process, for good.
  ///
  /// It must come before the process's first task.
  package static func install() { _createExecutors(factory: SeededExecutors.self) }

  /// The machine's clock in nanoseconds, for measuring.
  package static var machineNanoseconds: Int64 { virtual_clock_machine_nanoseconds() }

  /// The virtual clock in nanoseconds.
  package static var nanoseconds: Int64 { virtual_clock_get() }
}
