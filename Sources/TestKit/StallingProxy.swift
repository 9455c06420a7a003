internal import Glibc
internal import Lifecycle

/// Stands between a PostgreSQL client and its server and falls silent in the middle of a conversation: after a number of
/// bytes nothing more goes one way or either way, and nobody is told. The connections stay until one of the ends closes.
///
/// It listens on a Unix socket in a folder of its own, under the name that libpq expects.
public final class StallingProxy: Sendable {
  /// Which way nothing more goes.
  public enum Way: Sendable, CaseIterable {
    /// What the client sends does not arrive any more; the server is heard.
    case requests
    /// Nothing goes either way.
    case both
  }

  private struct State {
    /// Bytes that still pass from the client to the server; nil while everything does.
    var left: Int?
    var way = Way.both
    var mark: [UInt8] = []
    var passed = 0
    var stalls = 0
    /// How often what had fallen silent was closed.
    var releases = 0
  }

  /// The folder to name as host.
  public var host: String { home.path }
  private let home: ScratchDirectory
  /// Set once, when all else is.
  private let relay = Lock<UnixRelay?>(nil)
  private let state = Lock(State())

  /// Begins to listen for clients.
  /// - Parameter server: The folder with the server's socket.
  public init(server: String) throws {
    home = try ScratchDirectory("stall")
    let relay = try UnixRelay(at: "\(home.path)/.s.PGSQL.5432", to: "\(server)/.s.PGSQL.5432", name: "stall") {
      [weak self] in
      self?.serve($0, $1)
    }
    self.relay.withLock { $0 = relay }
  }

  /// Bytes that clients have sent so far.
  public var passed: Int { state.withLock { $0.passed } }

  /// Connections that have fallen silent.
  public var stalls: Int { state.withLock { $0.stalls } }

  /// Lets one connection fall silent.
  /// - Parameters:
  ///   - bytes: How many its client's bytes still pass, counted from the next that are sent.
  ///   - mark: What these must contain; others pass whole and are not counted.
  public func arm(after bytes: Int, _ way: Way, mark: String = "") {
    state.withLock { state in
      state.left = bytes
      state.way = way
      state.mark = Array(mark.utf8)
    }
  }

  /// Closes the connections that have fallen silent so far.
  public func release() { state.withLock { $0.releases += 1 } }

  /// How much of these bytes passes; nil for all. What does not makes the connection silent.
  private func allowance(_ bytes: ArraySlice<UInt8>) -> (count: Int, way: Way, releases: Int)? {
    state.withLock { state in
      state.passed += bytes.count
      guard let left = state.left, state.mark.isEmpty || contains(state.mark, in: bytes) else { return nil }
      guard left < bytes.count else {
        state.left = left - bytes.count
        // The rest of the conversation counts, whatever is in it.
        state.mark = []
        return nil
      }
      state.left = nil
      state.stalls += 1
      return (left, state.way, state.releases)
    }
  }

  private func serve(_ client: Int32, _ server: Int32) {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
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
      if let (passes, way, releases) = allowance(chunk[..<count]) {
        _ = send(all: chunk[..<passes], to: server)
        return stall(client, server, way, until: releases)
      }
      guard send(all: chunk[..<count], to: server) else { return }
    }
  }

  /// Passes nothing on from the client, and from the server only where that way is open, until one of the ends has gone
  /// or what has fallen silent is closed.
  private func stall(_ client: Int32, _ server: Int32, _ way: Way, until releases: Int) {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // The client's bytes stay unread, so that its end is seen by the hang-up alone.
      var waits = [pollfd(fd: client, events: 0, revents: 0), pollfd(fd: server, events: Int16(POLLIN), revents: 0)]
      guard poll(&waits, 2, 100) >= 0, waits[0].revents == 0, state.withLock({ $0.releases }) == releases else {
        return
      }
      guard waits[1].revents != 0 else { continue }
      let count = read(server, &chunk, chunk.count)
      guard count > 0 else { return }
      if way == .requests { guard send(all: chunk[..<count], to: client) else { return } }
    }
  }
}
