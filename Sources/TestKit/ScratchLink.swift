internal import Glibc
internal import Lifecycle

/// A link between one process and a server on a Unix socket that can be made slow, or be cut without anybody being told.
public final class ScratchLink: Sendable {
  /// How the link is.
  public enum Condition: Hashable, Sendable {
    /// What comes is passed on at once.
    case sound
    /// Each piece takes so long, either way.
    case slow(milliseconds: Int)
    /// Nothing is passed on and nothing is closed; new connections are taken and lead nowhere.
    case cut
    /// What the process sends arrives, what the server answers does not.
    case deafened
  }

  /// The socket to connect to.
  public var path: String { "\(home.path)/\(name)" }
  /// The folder of the socket.
  public var directory: String { home.path }
  private let home: ScratchDirectory
  private let name: String
  /// Set once, when all else is.
  private let relay = Lock<UnixRelay?>(nil)
  private let condition = Lock(Condition.sound)

  /// Listens under `name` in a folder of its own, for the server at `target`.
  public init(to target: String, name: String) throws {
    home = try ScratchDirectory("link")
    self.name = name
    let relay = try UnixRelay(at: "\(home.path)/\(name)", to: target, name: "link") { [weak self] in
      self?.serve($0, $1)
    }
    self.relay.withLock { $0 = relay }
  }

  /// Changes how the link is, for standing connections and new ones.
  public func become(_ condition: Condition) { self.condition.withLock { $0 = condition } }

  private func serve(_ client: Int32, _ server: Int32) {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let now = condition.withLock { $0 }
      // What is not to be passed on is not read either, so that nothing is lost when the link is sound again.
      var waits = [
        pollfd(fd: now == .cut ? -1 : client, events: Int16(POLLIN), revents: 0),
        pollfd(fd: now == .cut || now == .deafened ? -1 : server, events: Int16(POLLIN), revents: 0),
      ]
      guard poll(&waits, 2, 50) >= 0 else { return }
      for (wait, other) in zip(waits, [server, client]) where wait.revents != 0 {
        if case .slow(let milliseconds) = now { usleep(UInt32(milliseconds) * 1000) }
        let count = read(wait.fd, &chunk, chunk.count)
        guard count > 0, send(all: chunk[..<count], to: other) else { return }
      }
    }
  }
}
