internal import Glibc
internal import Lifecycle

/// Stands between a PostgreSQL client and its server and cuts connections at the worst moment: with a flush under way that
/// names a certain prepared statement, so that the client cannot know what became of it.
///
/// It listens on a Unix socket in a folder of its own, under the name that libpq expects.
public final class CuttingProxy: Sendable {
  private struct State {
    var left = 0
    var cuts = 0
    var isClosed = false
  }

  /// The folder to name as host.
  public var host: String { home.path }
  private let home: ScratchDirectory
  private let target: String
  private let mark: [UInt8]
  private let listener: Int32
  private let state = Lock(State())

  /// Listens.
  /// - Parameters:
  ///   - server: The folder with the server's socket.
  ///   - statement: The prepared statement whose execution is cut.
  public convenience init(server: String, statement: String) throws {
    // A Bind message: the empty portal's end, then the statement's name.
    try self.init(server: server, mark: [0] + Array(statement.utf8) + [0])
  }

  /// Listens.
  /// - Parameters:
  ///   - server: The folder with the server's socket.
  ///   - query: The simple query, such as `COMMIT`, that is cut.
  public convenience init(server: String, query: String) throws {
    // A Query message: its tag, its length, its text.
    let length = UInt32(query.utf8.count + 5)
    let tag = [UInt8(ascii: "Q")] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
    try self.init(server: server, mark: tag + Array(query.utf8) + [0])
  }

  private init(server: String, mark: [UInt8]) throws {
    home = try ScratchDirectory("proxy")
    target = "\(server)/.s.PGSQL.5432"
    self.mark = mark
    listener = try listen(at: "\(home.path)/.s.PGSQL.5432")
    startThread(name: "proxy") { [weak self, listener] in
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0, let self else { return }
        startThread(name: "proxy-pair") { self.serve(client) }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  /// Cuts the next flushes that qualify, by turns right after and instead of passing them on.
  public func arm(cuts: Int) { state.withLock { $0.left = cuts } }

  /// How many connections have been cut.
  public var cuts: Int { state.withLock { $0.cuts } }

  /// Ends all connections soon.
  public func shut() { state.withLock { $0.isClosed = true } }

  private func serve(_ client: Int32) {
    let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer {
      // Closing alone would not do: a program started meanwhile may have inherited the descriptor.
      shutdown(client, Int32(SHUT_RDWR))
      close(client)
      close(server)
    }
    guard withUnixAddress(target, { connect(server, $0, $1) == 0 }) else { return }
    var flush: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while !state.withLock({ $0.isClosed }) {
      var waits = [
        pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: server, events: Int16(POLLIN), revents: 0),
      ]
      guard poll(&waits, 2, 100) >= 0 else { return }
      if waits[1].revents != 0 {
        let count = read(server, &chunk, chunk.count)
        guard count > 0, send(all: chunk[..<count], to: client) else { return }
      }
      guard waits[0].revents != 0 else { continue }
      let count = read(client, &chunk, chunk.count)
      guard count > 0 else { return }
      flush += chunk[..<count]
      // Held back until the client has said Sync: then the flush is whole. A simple query is so by itself.
      let isWhole = flush.suffix(5) == [UInt8(ascii: "S"), 0, 0, 0, 4] || flush.suffix(mark.count) == mark[...]
      if isWhole, contains(mark, in: flush), let passes = takeCut() {
        if passes { _ = send(all: flush[...], to: server) }
        return
      }
      if isWhole || !contains(mark, in: flush) {
        guard send(all: flush[...], to: server) else { return }
        flush = []
      }
    }
  }

  /// Nil when nothing is to be cut now; otherwise whether the flush still reaches the server.
  private func takeCut() -> Bool? {
    state.withLock { state in
      guard state.left > 0 else { return nil }
      state.left -= 1
      state.cuts += 1
      return state.cuts % 2 == 1
    }
  }
}

private func contains(_ mark: [UInt8], in bytes: [UInt8]) -> Bool {
  guard bytes.count >= mark.count else { return false }
  return bytes.withUnsafeBytes { all in
    for start in 0...(all.count - mark.count)
    where all[start] == mark[0] && memcmp(all.baseAddress! + start, mark, mark.count) == 0 { return true }
    return false
  }
}
