internal import Glibc
internal import Synchronization

private let wasInterrupted = Atomic<Bool>(false)

/// Ctrl-C as a flag: the first one is noted, the second ends the process.
package enum Interrupt {
  /// Begins to note SIGINT and SIGTERM.
  package static func watch() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        if wasInterrupted.exchange(true, ordering: .sequentiallyConsistent) { _exit(130) }
      }
    }
  }

  /// Whether one has come.
  package static var isRequested: Bool { wasInterrupted.load(ordering: .relaxed) }
}
