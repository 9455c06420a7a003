internal import Glibc

/// Waits for the signals that ask a process to stop.
public enum StopSignal {
  /// Blocks SIGTERM and SIGINT for all threads to come: call it first thing in `main`, before there are others.
  /// Also ignores SIGPIPE: a vanished client is an error of a write, not the end of the process.
  public static func prepare() {
    var set = stopSet
    pthread_sigmask(SIG_BLOCK, &set, nil)
    signal(SIGPIPE, SIG_IGN)
  }

  /// Returns when SIGTERM or SIGINT arrives. A second one ends the process at once.
  public static func wait() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      startThread(name: "signals") {
        var set = stopSet
        var number: Int32 = 0
        sigwait(&set, &number)
        continuation.resume()
        sigwait(&set, &number)
        exit(128 + number)
      }
    }
  }

  private static var stopSet: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGTERM)
    sigaddset(&set, SIGINT)
    return set
  }
}
