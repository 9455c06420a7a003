internal import Lifecycle
internal import Services
internal import Telemetry

/// What is wrong with the exchange as this process sees it, and which stores it reaches.
struct FindingMetrics: Sendable {
  private let latest = Known()

  /// What was found last; nil before the first look.
  private final class Known: Sendable {
    let findings = Lock<[Finding]?>(nil)
  }

  /// Registers the instruments.
  init(_ metrics: Metrics, _ stores: StoreMonitor) {
    let latest = latest
    for severity in Finding.Severity.allCases {
      metrics.gauge(
        "buttonwood_findings", help: "What is wrong with the exchange, as this process sees it, by severity.",
        labels: ["severity": severity.rawValue]
      ) {
        latest.findings.withLock { $0 }.map { found in Int64(found.count { $0.severity == severity }) }
      }
    }
    for code in Finding.Code.allCases {
      metrics.gauge(
        "buttonwood_findings_by_code", help: "What is wrong with the exchange, as this process sees it, by kind.",
        labels: ["code": code.rawValue]
      ) {
        latest.findings.withLock { $0 }.map { found in Int64(found.count { $0.code == code }) }
      }
    }
    metrics.gauge("buttonwood_postgres_up", help: "1 while PostgreSQL answers this process.") {
      stores.isUp(.postgres) ? 1 : 0
    }
    metrics.gauge("buttonwood_redis_up", help: "1 while Redis answers this process.") { stores.isUp(.redis) ? 1 : 0 }
  }

  /// Shows what was found.
  func show(_ findings: [Finding]) { latest.findings.withLock { $0 = findings } }
}
