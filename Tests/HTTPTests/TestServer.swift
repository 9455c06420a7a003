import HTTP
import Lifecycle
import Testing

/// Runs `body` with a server on a free port, then drains it.
func withServer(
  _ configure: (inout HTTPServerConfiguration) -> Void = { _ in },
  handler: @escaping HTTPHandler = echo,
  _ body: (HTTPServer) async throws -> Void
) async throws {
  var configuration = HTTPServerConfiguration()
  configuration.drainGrace = .milliseconds(1)
  configure(&configuration)
  let server = try HTTPServer(configuration: configuration, handler: handler)
  server.start()
  do {
    try await body(server)
  } catch {
    await server.drain(deadline: .seconds(1))
    throw error
  }
  await server.drain(deadline: .seconds(1))
}

/// Answers with the method, the path and the body of the request.
@Sendable func echo(_ request: HTTPRequest) async -> HTTPResponse {
  HTTPResponse(status: 200, body: Array("\(request.method) \(request.rawPath) ".utf8) + request.body)
}

/// Holds handlers back until it is opened.
final class Gate: Sendable {
  private let state = Lock((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))

  var waitingCount: Int { state.withLock { $0.waiting.count } }

  func pass() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiting.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }

  func open() {
    let waiting = state.withLock { state in
      state.isOpen = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Lets those pass who wait now.
  func release() {
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}

/// Waits until a condition that other threads bring about holds; a test that never sees it fails after 20 seconds.
func eventually(_ what: Comment, _ condition: () -> Bool) async throws {
  for _ in 0..<10_000 {
    if condition() { return }
    try await Task.sleep(for: .milliseconds(2))
  }
  try #require(condition(), what)
}
