import HTTP
import Lifecycle

/// Remembers what happened to streams, and answers messages as it is told.
final class RecordingHandler: HTTPStreamHandler {
  struct State {
    var streams: [HTTPStream] = []
    var messages: [HTTPStreamMessage] = []
    var drained = 0
    var ends: [HTTPStreamEnd] = []
  }

  let state = Lock(State())
  private let answer: @Sendable (HTTPStreamMessage, HTTPStream) -> Void

  init(_ answer: @escaping @Sendable (HTTPStreamMessage, HTTPStream) -> Void = { _, _ in }) { self.answer = answer }

  var streams: [HTTPStream] { state.withLock { $0.streams } }
  var messages: [HTTPStreamMessage] { state.withLock { $0.messages } }
  var drainedCount: Int { state.withLock { $0.drained } }
  var ends: [HTTPStreamEnd] { state.withLock { $0.ends } }

  func opened(_ stream: HTTPStream) { state.withLock { $0.streams.append(stream) } }

  func received(_ message: HTTPStreamMessage, from stream: HTTPStream) {
    state.withLock { $0.messages.append(message) }
    answer(message, stream)
  }

  func drained(_ stream: HTTPStream) { state.withLock { $0.drained += 1 } }

  func closed(_ stream: HTTPStream, _ end: HTTPStreamEnd) { state.withLock { $0.ends.append(end) } }
}

/// Sends every message back as it came.
@Sendable func sendBack(_ message: HTTPStreamMessage, _ stream: HTTPStream) {
  stream.send(message.isText ? .text(message.bytes) : .binary(message.bytes))
}

/// WebSockets under `/ws`, events under `/events`, echoes elsewhere.
func withStreams(
  _ handler: RecordingHandler, _ configure: (inout HTTPServerConfiguration) -> Void = { _ in },
  _ body: (HTTPServer) async throws -> Void
) async throws {
  try await withServer(
    configure,
    handler: { request in
      switch request.rawPath {
      case "/ws": .webSocket(request, handler: handler)
      case "/events": .eventStream(handler: handler)
      default: await echo(request)
      }
    }, body)
}
