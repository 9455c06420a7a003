/// A part of a process: it works from the process's beginning until the process stops.
public protocol Service: Sendable {
  /// What logs call it.
  var name: String { get }

  /// Works until its task is canceled, or until ``stop()`` has had it end. To return or to throw before is a fault: the
  /// process cannot do without a part of itself.
  func run() async throws

  /// Ends the work in good order: takes nothing new and finishes what has been taken. Its task is canceled when this returns, or
  /// when the time for stopping is over.
  func stop() async
}

/// A service that has nothing to finish: a loop until its task is canceled.
public struct LoopService: Service {
  public let name: String
  private let body: @Sendable () async -> Void

  /// Describes one.
  public init(_ name: String, _ body: @escaping @Sendable () async -> Void) {
    self.name = name
    self.body = body
  }

  public func run() async { await body() }

  public func stop() async {}
}
