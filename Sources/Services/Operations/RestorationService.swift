package import Ports

/// What is done once behind the restoring of a backup, in both stores: the ledger first, which is the truth; what Redis still
/// holds is refused by everybody from then on, so that clearing it is tidiness.
package struct RestorationService: Sendable {
  /// What became of Redis's part.
  package enum Clearing: Hashable, Sendable {
    /// The shards' streams are deleted, and so many entries of log rows with them.
    case cleared(entries: Int64)
    /// Redis could not be cleared; the text says why.
    case unreachable(String)
  }

  private let ledger: any RestorationOperations
  private let streams: any StreamRestoration

  /// Works on a ledger and on streams.
  package init(ledger: any RestorationOperations, streams: any StreamRestoration) {
    self.ledger = ledger
    self.streams = streams
  }

  /// Does it; to repeat it is harmless.
  package func restored() async throws(AdministrationError) -> (report: RestorationReport, clearing: Clearing) {
    let report = try await ledger.restored()
    do throws(StreamError) {
      return (report, .cleared(entries: try await streams.forget(report.shards)))
    } catch {
      return (report, .unreachable(error.reason))
    }
  }
}
