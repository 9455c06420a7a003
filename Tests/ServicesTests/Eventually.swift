import Lifecycle
import Testing

/// Waits until `condition` holds; records an issue after half a minute, so that a fault ends the test and a busy host
/// does not.
func eventually(
  _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async rethrows {
  // Looks are counted, not seconds: where the machine has no time for this test, it has none for what it waits for either.
  for _ in 0..<30_000 {
    if try await condition() { return }
    try? await Task.sleep(for: .milliseconds(1))
  }
  Issue.record("never: \(what)", sourceLocation: sourceLocation)
}

/// Collects what is reported from anywhere.
final class Recorder<Element: Sendable>: Sendable {
  private let lines = Lock<[Element]>([])

  func add(_ line: Element) { lines.withLock { $0.append(line) } }
  var all: [Element] { lines.withLock { $0 } }
}
