internal import Glibc

/// Waits for the signals that ask a process to stop.
public enum StopSignal {
  /// What the handler writes into and ``wait()`` reads from; made before the handler is installed, and never closed.
  private static let ends: (reading: Int32, writing: Int32) = {
    var ends: [Int32] = [0, 0]
    precondition(pipe(&ends) == 0, "no pipe: errno \(errno)")
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }()

  /// Catches SIGTERM and SIGINT from now on; one that comes before ``wait()`` is not lost.
  ///
  /// (Blocking them and taking them with sigwait does not do: the main thread's loop waits with an empty signal mask.)
  /// Also ignores SIGPIPE: a vanished client is an error of a write, not the end of the process.
  public static func prepare() {
    _ = ends
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { number in
      let saved = errno
      var byte = UInt8(truncatingIfNeeded: number)
      _ = write(StopSignal.ends.writing, &byte, 1)
      errno = saved
    }
    action.sa_flags = SA_RESTART
    for number in [SIGTERM, SIGINT] { sigaction(number, &action, nil) }
    signal(SIGPIPE, SIG_IGN)
  }

  /// Returns when SIGTERM or SIGINT arrives. A second one ends the process at once.
  public static func wait() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      startThread(name: "signals") {
        _ = next()
        continuation.resume()
        ProcessEnd.now(128 + next())
      }
    }
  }

  private static func next() -> Int32 {
    var byte: UInt8 = 0
    while read(ends.reading, &byte, 1) != 1 {}
    return Int32(byte)
  }
}
