internal import Lifecycle
package import Market
package import Ports

/// Has a manual market come to a stage, and waits until all instruments are there.
package struct MarketStages: Sendable {
  /// How often it is looked whether the market has come there.
  static let interval = Duration.milliseconds(100)

  private let market: any MarketOperations

  /// Drives a market.
  package init(_ market: any MarketOperations) { self.market = market }

  /// Has the market come to a stage.
  /// - Parameters:
  ///   - today: The present day in New York.
  ///   - patience: How long it is waited; nothing leaves it to itself after one look.
  ///   - progress: Gets how the market stands and where it is to come, as often as it is looked.
  /// - Returns: Where it comes, and how it stands.
  /// - Throws: ``AdministrationError/refused(_:)`` when it may not come there, or is not there in time; then it goes on.
  package func come(
    to stage: SessionStage, today: Day, patience: Duration, progress: (MarketStatus, SessionPoint) -> Void
  ) async throws(AdministrationError) -> (target: SessionPoint, status: MarketStatus) {
    let target = try await market.aim(at: stage, today: today).target
    let deadline = ContinuousClock().now.advanced(by: patience)
    while true {
      let status = try await market.status()
      progress(status, target)
      if patience == .zero || status.arrived(at: target) == status.instruments { return (target, status) }
      guard ContinuousClock().now < deadline else { throw .refused(Self.delay(status, target, patience)) }
      do { try await Task.sleep(for: Self.interval) } catch {
        throw .refused("the wait was cut off; the market goes on to \(target) by itself")
      }
    }
  }

  private static func delay(_ status: MarketStatus, _ target: SessionPoint, _ patience: Duration) -> String {
    let awaiting = status.phases.reduce(0) { $0 + $1.awaiting }
    let clearing = status.phases.reduce(0) { $0 + $1.clearing }
    let cause =
      awaiting > 0
      ? "\(awaiting) have been told and their shards' workers have not come to it, or could not (buttonwood quarantine list)"
      : clearing > 0
        ? "\(clearing) have orders left to expire" : "the leader has not told them: is a worker running?"
    return
      "\(status.arrived(at: target)) of \(status.instruments) instruments have come to \(target) after "
      + "\(SpanText.format(patience)); \(cause). It goes on by itself (buttonwood market status shows it)"
  }
}
