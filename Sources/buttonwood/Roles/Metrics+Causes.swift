internal import Ports
internal import Telemetry

extension Metrics {
  /// A counter for each class of what a ledger may fail with; all of them show from the start.
  func counters(_ name: String, help: String) -> [StoreError.Cause: Counter] {
    Dictionary(
      uniqueKeysWithValues: StoreError.Cause.allCases.map { cause in
        (cause, counter(name, help: help, labels: ["reason": cause.rawValue]))
      })
  }
}
