internal import Services
internal import Telemetry

/// Writes down what befalls a gateway: a line when something begins and one when it has ended, never one a request.
struct GatewayLog: Sendable {
  /// How often it is looked whether log rows are published.
  private static let period = Duration.seconds(1)

  let log: Log

  /// A store is lost or back.
  func record(_ store: StoreMonitor.Store, _ edge: StoreOutage.Edge) {
    switch (store, edge) {
    case (.postgres, .lost(let reason)):
      log.error("PostgreSQL is lost; requests are answered 503 until it is back", ["reason": reason])
    case (.postgres, .back(let span, let refused)):
      log.notice("PostgreSQL is back", ["after": Self.text(span), "refused_requests": refused])
    case (.redis, .lost(let reason)):
      log.error(
        "Redis is lost; orders are accepted, and workers find them in the database until it is back",
        ["reason": reason])
    case (.redis, .back(let span, _)): log.notice("Redis is back", ["after": Self.text(span)])
    }
  }

  /// `12.3 s`
  private static func text(_ span: Duration) -> String {
    let tenths = span.components.seconds * 10 + span.components.attoseconds / 100_000_000_000_000_000
    return "\(tenths / 10).\(tenths % 10) s"
  }

  /// Tells when log rows cannot be published, and when they are again, until the task is canceled.
  /// - Parameter read: How many could not be published so far, and whether Redis answers.
  func follow(_ read: @Sendable () -> (unpublished: Int, isRedisUp: Bool)) async {
    var rows = UnpublishedRows()
    while !Task.isCancelled {
      let (unpublished, isRedisUp) = read()
      switch rows.polled(unpublished, isRedisUp: isRedisUp) {
      case .failing:
        log.warning(
          "log rows cannot be published, though Redis answers; workers find them in the database",
          ["unpublished": unpublished])
      case .over(let count): log.notice("log rows are published again", ["unpublished_meanwhile": count])
      case nil: break
      }
      try? await Task.sleep(for: Self.period)
    }
  }
}
