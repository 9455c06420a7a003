/// Does something once, after a span, unless it is put off before. Let go of, it is put off.
public final class Alarm: Sendable {
  private let task: Task<Void, Never>

  /// Sets an alarm.
  /// - Parameter ring: What it does; it must not keep the alarm alive.
  public init(after span: Duration, _ ring: @escaping @Sendable () async -> Void) {
    task = Task {
      do { try await Task.sleep(for: span) } catch { return }
      await ring()
    }
  }

  deinit { task.cancel() }

  /// Puts it off for good, if it has not rung.
  public func putOff() { task.cancel() }
}
