internal import Lifecycle
internal import Ports
internal import Telemetry

/// Waits until the database has a schema that the program works with: a role may be started before `buttonwood migrate` has
/// been, and goes on by itself.
struct SchemaWait: Sendable {
  /// How often it looks.
  static let period = Duration.milliseconds(500)

  let reader: any SchemaReader
  let log: Log

  /// What keeps the program from working; nil when nothing does. It asks once.
  func obstacle() async -> String? {
    do throws(StoreError) {
      let schema = try await reader.schema()
      return schema.isUsable ? nil : schema.complaint
    } catch {
      return "waiting for PostgreSQL: \(error)"
    }
  }

  /// Looks until nothing keeps the program from working, or until it is told to stop.
  /// - Parameter tell: Hears what does, whenever that is something else; nil at the end.
  /// - Returns: Whether nothing does.
  @discardableResult
  func run(until isStopping: @Sendable () -> Bool = { false }, _ report: @Sendable (String?) -> Void) async -> Bool {
    var reported: String?
    while !Task.isCancelled, !isStopping() {
      let obstacle = await obstacle()
      if obstacle != reported {
        if let obstacle {
          log.warning("not ready yet", ["reason": obstacle])
          report(obstacle)
        }
        reported = obstacle
      }
      guard obstacle != nil else {
        report(nil)
        return true
      }
      try? await Task.sleep(for: Self.period)
    }
    return false
  }
}
