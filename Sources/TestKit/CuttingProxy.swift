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
  /// Set once, when all else is.
  private let relay = Lock<UnixRelay?>(nil)
  private let mark: [UInt8]
  private let state = Lock(State())

  /// Begins to listen for clients.
  /// - Parameters:
  ///   - server: The folder with the server's socket.
  ///   - statement: The prepared statement whose execution is cut.
  public convenience init(server: String, statement: String) throws {
    // A Bind message: the empty portal's end, then the statement's name.
    try self.init(server: server, mark: [0] + Array(statement.utf8) + [0])
  }

  /// Begins to listen for clients.
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
    self.mark = mark
    let relay = try UnixRelay(at: "\(home.path)/.s.PGSQL.5432", to: "\(server)/.s.PGSQL.5432", name: "proxy") {
      [weak self] in
      self?.serve($0, $1)
    }
    self.relay.withLock { $0 = relay }
  }

  /// Cuts the next flushes that qualify, by turns right after and instead of passing them on.
  public func arm(cuts: Int) { state.withLock { $0.left = cuts } }

  /// How many connections have been cut.
  public var cuts: Int { state.withLock { $0.cuts } }

  /// Ends all connections soon.
  public func shut() { state.withLock { $0.isClosed = true } }

  private func serve(_ client: Int32, _ server: Int32) {
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
      if isWhole, contains(mark, in: flush[...]), let passes = takeCut() {
        if passes { _ = send(all: flush[...], to: server) }
        return
      }
      if isWhole || !contains(mark, in: flush[...]) {
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
