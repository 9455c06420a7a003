internal import Lifecycle
public import Ports
public import Postgres

/// Ends sessions whose clients have stopped: called by whoever has waited for a lock in vain, and by the leader from time
/// to time.
public struct SessionGuard: Sendable {
  private let patience: Duration
  private let report: @Sendable (StalledSessionEvent) -> Void

  /// Makes a guard.
  /// - Parameters:
  ///   - patience: How long a client may say nothing in the middle of a conversation, by default
  ///     ``TimeLimits/sessionPatience``; the database takes no less than a second.
  ///   - report: Told what came of each look; must not block.
  public init(
    patience: Duration? = nil, report: @escaping @Sendable (StalledSessionEvent) -> Void
  ) {
    self.patience = patience ?? TimeLimits.sessionPatience.value
    self.report = report
  }

  /// Looks once, over a session in which no transaction is open. A look that finds something takes half a second longer.
  func end(over session: PostgresSession) async {
    let call = PostgresCall(
      SessionStatements.endStalled,
      [.int8(patience.components.seconds * 1_000_000 + patience.components.attoseconds / 1_000_000_000_000)])
    let rows: PostgresRows
    do throws(PostgresError) {
      rows = try await session.use { (connection) throws(PostgresError) in try connection.query(call) }
    } catch {
      return report(.failed(reason: error.description))
    }
    for row in 0..<rows.count {
      if rows.bool(row, 5) {
        report(
          .ended(
            StalledSession(
              process: rows.int4(row, 0), application: rows.text(row, 1), role: rows.text(row, 2),
              wait: rows.text(row, 3), silent: .microseconds(rows.int8(row, 4)))))
      } else if rows.isNull(row, 0) {
        report(.beyondReach(role: rows.text(row, 2)))
      }
    }
  }
}

/// The leader's look from time to time, over a session of its own.
public struct PostgresStalledSessions: StalledSessions {
  private let session: PostgresSession
  private let sessionGuard: SessionGuard

  /// Looks over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession, sessionGuard: SessionGuard) {
    self.session = session
    self.sessionGuard = sessionGuard
  }

  public func end() async { await sessionGuard.end(over: session) }
}
