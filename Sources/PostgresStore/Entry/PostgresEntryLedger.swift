public import Accounting
public import Market
public import Ports
public import Postgres

/// Acceptance in PostgreSQL. One of these has one connection, so its batches follow each other.
public struct PostgresEntryLedger: EntryLedger {
  /// How often a batch is tried again after commits that were cut off and did not happen.
  static let cutRetries = 5
  /// How often the fate of a batch is asked for after its commit was cut off; with the pauses about half a minute.
  static let inquiries = 40
  static let inquiryPause = Duration.milliseconds(750)

  private let session: PostgresSession
  private let retried: @Sendable (LedgerError.Cause) -> Void

  /// Accepts over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  /// - Parameter retried: Told before a batch is tried again, and why; must not block.
  public init(session: PostgresSession, retried: @escaping @Sendable (LedgerError.Cause) -> Void = { _ in }) {
    self.session = session
    self.retried = retried
  }

  public func accept(_ requests: [EntryRequest], now: Timestamp) async throws(LedgerError) -> AcceptedBatch {
    let transaction = EntryTransaction(requests: requests, now: now)
    var patience = EntryPatience()
    var cuts = 0
    // A batch without an order cannot be asked for: once a commit of it was cut off, nothing tells whether it is stored.
    var isInDoubt = false
    while true {
      do {
        let ending = try await session.use { (connection) throws(PostgresError) in try transaction.run(&connection) }
        switch ending {
        case .done(let batch): return batch
        case .unknown(let plan):
          if let batch = try await inquire(plan, requests) { return batch }
          cuts += 1
          isInDoubt = plan.orders.isEmpty
          guard cuts <= Self.cutRetries else {
            throw isInDoubt
              ? LedgerError.outcomeUnknown : .unavailable(.connection, reason: "connections are cut at every commit")
          }
          retried(.connection)
        }
      } catch let error as LedgerError {
        throw error
      } catch let error as PostgresError {
        // Before the commit was sent nothing is stored. A connection that died while idle is worth one more try.
        guard let pause = patience.pause(after: error, random: .random(in: 0 ... .max)) else {
          throw isInDoubt ? LedgerError.outcomeUnknown : LedgerError(error)
        }
        retried(LedgerError.Cause(error))
        try? await Task.sleep(for: pause)
      } catch {
        throw LedgerError.fault(reason: "\(error)")
      }
    }
  }

  /// Finds out what became of a plan whose commit was cut off: its answers when it is stored, nil when it is not.
  ///
  /// The locks on the accounts are the barrier: once they are ours, the lost transaction has ended one way or the other.
  /// A plan that placed no order needs no answer: cancels may be repeated.
  private func inquire(_ plan: EntryPlan, _ requests: [EntryRequest]) async throws(LedgerError) -> AcceptedBatch? {
    guard !plan.orders.isEmpty else { return nil }
    for _ in 0..<Self.inquiries {
      do {
        return try await session.use { (connection) throws(PostgresError) in
          try EntryInquiry(plan: plan, requests: requests).run(&connection)
        }
      } catch {
        try? await Task.sleep(for: Self.inquiryPause)
      }
    }
    throw .outcomeUnknown
  }
}
