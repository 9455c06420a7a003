public import HTTP
internal import Lifecycle

/// An HTTP/1.1 client for load generators and tests: many connections on one thread, little CPU a request, times
/// taken where bytes leave and arrive.
///
/// Failures are outcomes; nothing is repeated. It stops when let go.
public final class HTTPLoadClient: Sendable {
  private let loop: LoadLoop

  /// Starts the client's thread. `completions` gets batches, on that thread: it must be quick and may send further
  /// requests. Throws `HTTPServerError` for a bad address or a lack of descriptors.
  public init(
    _ configuration: HTTPLoadClientConfiguration,
    completions: @escaping @Sendable ([HTTPCompletion]) -> Void = { _ in }
  ) throws(HTTPServerError) {
    precondition(configuration.connections > 0 && configuration.pipelineDepth > 0, "a client needs a connection")
    DescriptorLimit.raise(to: configuration.connections + DescriptorLimit.reserve)
    let loop = try LoadLoop(configuration, completions: completions)
    self.loop = loop
    startThread(name: "http-load") { loop.run() }
  }

  deinit { loop.stop() }

  /// Takes requests as far as the queue has room, in order.
  /// - Returns: how many were taken; the rest was not.
  @discardableResult
  public func send(_ requests: [HTTPLoadRequest]) -> Int { loop.take(requests) }

  /// Sends one request and waits for its answer.
  public func answer(to request: HTTPLoadRequest) async throws(HTTPLoadFailure) -> HTTPReply {
    let completion = await withCheckedContinuation { continuation in
      var request = request
      request.completed = { continuation.resume(returning: $0) }
      if loop.take([request]) == 0 {
        let failure = HTTPCompletion(token: request.token, outcome: .failed(.queueFull), sentAt: 0, receivedAt: 0)
        continuation.resume(returning: failure)
      }
    }
    switch completion.outcome {
    case .answered(let reply): return reply
    case .failed(let failure): throw failure
    }
  }

  /// Stops the client; what is under way completes as `stopped`.
  public func stop() { loop.stop() }
}
