internal import Glibc

/// Places where a test lets a process die, as if the host had lost power there.
///
/// A testing aid, off by default: only with `BUTTONWOOD_KILL_POINT=accept.committed:20` in its environment does a process
/// kill itself (SIGKILL, nothing is cleaned up) when it reaches the place of that name for the 20th time; without a
/// count, the first time. Unset, reaching a place costs one comparison.
package enum KillPoint {
  private struct Armed {
    let name: String
    let left: Lock<Int>
  }

  private static let armed: Armed? = {
    guard let text = ProcessEnvironment.current()["BUTTONWOOD_KILL_POINT"], !text.isEmpty else { return nil }
    let parts = text.split(separator: ":", maxSplits: 1)
    return Armed(name: String(parts[0]), left: Lock(parts.count == 2 ? Int(parts[1]) ?? 1 : 1))
  }()

  /// Dies here if the environment says so.
  package static func reach(_ name: StaticString) { reach(named: name.description) }

  /// Dies here if the environment says so; the name is made only where a process has been armed.
  package static func reach(named name: @autoclosure () -> String) {
    guard let armed, armed.name == name() else { return }
    let isLast = armed.left.withLock { left in
      left -= 1
      return left <= 0
    }
    if isLast { kill(getpid(), SIGKILL) }
  }
}
