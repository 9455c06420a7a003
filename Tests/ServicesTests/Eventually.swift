import Lifecycle
import Testing

/// Waits until `condition` holds; records an issue after half a minute, so that a fault ends the test and a busy host
/// does not.
func eventually(
  _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async rethrows {
  let deadline = ContinuousClock().now.advanced(by: .seconds(30))
  while try await !condition() {
    guard ContinuousClock().now < deadline else {
      Issue.record("never: \(what)", sourceLocation: sourceLocation)
      return
    }
    try? await Task.sleep(for: .milliseconds(1))
  }
}

/// Collects what is reported from anywhere.
final class Journal<Element: Sendable>: Sendable {
  private let lines = Lock<[Element]>([])

  func add(_ line: Element) { lines.withLock { $0.append(line) } }
  var all: [Element] { lines.withLock { $0 } }
}
