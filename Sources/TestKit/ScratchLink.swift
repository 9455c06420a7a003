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
  private let target: String
  private let listener: Int32
  private let condition = Lock(Condition.sound)

  /// Listens under `name` in a folder of its own, for the server at `target`.
  public init(to target: String, name: String) throws {
    home = try ScratchDirectory("link")
    self.target = target
    self.name = name
    listener = try listen(at: "\(home.path)/\(name)")
    startThread(name: "link") { [weak self, listener] in
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0, let self else { return }
        startThread(name: "link-pair") { self.serve(client) }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  /// Changes how the link is, for standing connections and new ones.
  public func become(_ condition: Condition) { self.condition.withLock { $0 = condition } }

  private func serve(_ client: Int32) {
    let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer {
      // Closing alone would not do: a program started meanwhile may have inherited a descriptor.
      for descriptor in [client, server] {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
      }
    }
    guard withUnixAddress(target, { connect(server, $0, $1) == 0 }) else { return }
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
