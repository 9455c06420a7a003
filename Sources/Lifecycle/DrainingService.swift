/// A service that ends by itself some time after it has been asked to.
public struct DrainingService: Service {
  public let name: String
  private let body: @Sendable () async throws -> Void
  private let ask: @Sendable () async -> Void
  private let ended = Signal()

  /// Describes one.
  /// - Parameters:
  ///   - body: Works, and returns when it has been asked to end and has finished.
  ///   - ask: Has it end.
  public init(
    _ name: String, _ body: @escaping @Sendable () async throws -> Void, stop ask: @escaping @Sendable () async -> Void
  ) {
    self.name = name
    self.body = body
    self.ask = ask
  }

  public func run() async throws {
    defer { ended.give() }
    try await body()
  }

  public func stop() async {
    await ask()
    await ended.wait()
  }
}
