internal import Market
internal import Ports

/// Remembers since when something has been found, and how long shards have stood, from one look to the next: what is stored
/// nowhere. Judges one look after the other.
public struct FindingMemory: Sendable {
  private struct Cursor: Sendable {
    var processed: Sequence
    var since: Timestamp
  }

  /// From when on something is a finding.
  public let limits: FindingLimits
  private var firstSeen: [Finding.Code: Timestamp] = [:]
  private var cursors: [Shard: Cursor] = [:]

  /// Remembers nothing yet.
  public init(limits: FindingLimits = FindingLimits()) { self.limits = limits }

  /// What is wrong, the worst first, each with the moment since when. What comes and goes with workers is an error only once
  /// it has lasted.
  public mutating func judge(_ health: FleetHealth) -> [Finding] {
    monitor(health)
    var findings = health.findings(limits, stalledSince: cursors.mapValues(\.since))
    let found = Set(findings.map(\.code))
    firstSeen = firstSeen.filter { found.contains($0.key) }
    for index in findings.indices {
      let seen = firstSeen[findings[index].code] ?? health.now
      firstSeen[findings[index].code] = seen
      findings[index].since = findings[index].since ?? seen
      if let grace = findings[index].grace, Duration.microseconds(health.now.microseconds(since: seen)) < grace {
        findings[index].severity = max(findings[index].severity, .warning)
      }
    }
    return findings.enumerated().sorted { ($0.element.severity, $0.offset) < ($1.element.severity, $1.offset) }
      .map(\.element)
  }

  /// Whether another look soon may judge otherwise: something may be passing, or a shard has not been watched for long.
  public func isUndecided(_ health: FleetHealth, _ findings: [Finding]) -> Bool {
    if findings.contains(where: { $0.grace != nil && $0.severity == .warning }) { return true }
    guard let records = try? health.shards.get() else { return false }
    return records.contains { record in
      guard record.lag.commands > 0, let cursor = cursors[record.shard], let stored = record.progressedAt else {
        return false
      }
      let now = (try? health.ledger.get())?.now ?? health.now
      return Duration.microseconds(now.microseconds(since: stored)) >= limits.standstill
        && Duration.microseconds(health.now.microseconds(since: cursor.since)) < limits.witness
    }
  }

  /// A shard stands from the first look that sees rows before a cursor that has not moved since.
  private mutating func monitor(_ health: FleetHealth) {
    guard let records = try? health.shards.get() else { return }
    let before = cursors
    cursors = [:]
    for record in records where record.lag.commands > 0 {
      let seen = before[record.shard].flatMap { $0.processed == record.lag.processed ? $0 : nil }
      cursors[record.shard] = seen ?? Cursor(processed: record.lag.processed, since: health.now)
    }
  }
}
