public import Accounting
internal import Lifecycle
public import Market
public import Ports
public import Postgres

/// Acceptance in PostgreSQL. One of these has one connection, so its batches follow each other.
public struct PostgresAcceptanceLedger: AcceptanceLedger {
  /// How often a batch is tried again after commits that were cut off and did not happen.
  static let cutRetries = 5
  /// How often the fate of a batch is asked for after its commit was cut off; with the pauses about half a minute.
  static let inquiries = 40
  static let inquiryPause = TimeLimits.inquiryPause.value

  private let session: PostgresSession
  private let days = DayTables()
  private let sessionGuard: SessionGuard?
  private let retried: @Sendable (StoreError.Cause) -> Void

  /// Accepts over `session`; make it with ``StoreSettings/acceptance(url:role:)``.
  /// - Parameters:
  ///   - sessionGuard: Called when a lock was waited for in vain.
  ///   - retried: Told before a batch is tried again, and why; must not block.
  public init(
    session: PostgresSession, sessionGuard: SessionGuard? = nil,
    retried: @escaping @Sendable (StoreError.Cause) -> Void = { _ in }
  ) {
    self.session = session
    self.sessionGuard = sessionGuard
    self.retried = retried
  }

  public func accept(_ requests: [AcceptanceRequest], now: Timestamp) async throws(StoreError) -> AcceptedBatch {
    var requests = requests
    var postponed: Set<AccountNumber> = []
    var patience = AcceptanceRetry()
    var cuts = 0
    // A batch without an order cannot be asked for: once a commit of it was cut off, nothing tells whether it is stored.
    var isInDoubt = false
    var isListedAnew = false
    while true {
      do {
        let transaction = AcceptanceTransaction(requests: requests, now: now, days: days)
        let ending = try await session.use { (connection) throws(PostgresError) in try transaction.run(&connection) }
        switch ending {
        case .done(let batch): return batch.postponing(postponed)
        case .unknown(let plan):
          if let batch = try await inquire(plan, requests) { return batch.postponing(postponed) }
          cuts += 1
          isInDoubt = plan.orders.isEmpty
          guard cuts <= Self.cutRetries else {
            throw isInDoubt
              ? StoreError.outcomeUnknown : .unavailable(.connection, reason: "connections are cut at every commit")
          }
          retried(.connection)
        }
      } catch let error as StoreError {
        throw error
      } catch var error as PostgresError {
        // A day has been taken away since its tables were listed.
        if error.isMissingTable, !isListedAnew {
          isListedAnew = true
          continue
        }
        // Before the commit was sent nothing is stored. A connection that died while idle is worth one more try.
        if error.isLockTimeout, !isInDoubt {
          do throws(PostgresError) {
            let held = try await heldAccounts(of: requests)
            requests.removeAll { held.contains($0.account) }
            postponed.formUnion(held)
            if requests.isEmpty { return AcceptedBatch(answers: [], entries: [], postponed: postponed) }
            if !held.isEmpty {
              retried(.lockTimeout)
              continue
            }
          } catch let other {
            error = other
          }
        }
        guard let pause = patience.pause(after: error, random: .random(in: 0 ... .max)) else {
          if isInDoubt { throw StoreError.outcomeUnknown }
          throw await refusal(error)
        }
        retried(StoreError.Cause(error))
        try? await Task.sleep(for: pause)
      } catch {
        throw StoreError.fault(reason: "\(error)")
      }
    }
  }

  /// Accounts of which somebody holds a row now. A session that holds one although its client has stopped is ended first.
  private func heldAccounts(of requests: [AcceptanceRequest]) async throws(PostgresError) -> Set<AccountNumber> {
    await sessionGuard?.end(over: session)
    return try await session.use { (connection) throws(PostgresError) in
      try HeldAccounts(locks: AcceptanceLocks(of: requests)).run(&connection)
    }
  }

  /// What an error means to who accepts. Rows name their day's tables or find them by themselves: where those are missing,
  /// that is nothing wrong with the rows.
  ///
  /// Source: PostgreSQL 15, appendix A (42P01, undefined_table; 23514, check_violation: no partition for a row).
  private func refusal(_ error: PostgresError) async -> StoreError {
    guard ["42P01", "23514"].contains(error.state) else { return StoreError(error) }
    do throws(PostgresError) {
      let missing = try await session.use { (connection) throws(PostgresError) in
        try Partitions.missing(&connection, from: -1, days: 3).tables
      }
      guard let table = missing.first else { return StoreError(error) }
      return .unavailable(
        .schema,
        reason: "table \(table) is missing; the leading worker makes days' tables, or \"buttonwood migrate\"")
    } catch let second {
      return StoreError(second)
    }
  }

  /// Finds out what became of a plan whose commit was cut off: its answers when it is stored, nil when it is not.
  ///
  /// The locks on the accounts are the barrier: once they are ours, the lost transaction has ended one way or the other.
  /// A plan that placed no order needs no answer: cancels may be repeated.
  private func inquire(_ plan: AcceptancePlan, _ requests: [AcceptanceRequest]) async throws(StoreError)
    -> AcceptedBatch?
  {
    guard !plan.orders.isEmpty else { return nil }
    for _ in 0..<Self.inquiries {
      do {
        return try await session.use { [days] (connection) throws(PostgresError) in
          try AcceptanceInquiry(plan: plan, requests: requests, days: days).run(&connection)
        }
      } catch {
        try? await Task.sleep(for: Self.inquiryPause)
      }
    }
    throw .outcomeUnknown
  }
}

extension AcceptedBatch {
  fileprivate func postponing(_ accounts: Set<AccountNumber>) -> AcceptedBatch {
    var batch = self
    batch.postponed = accounts
    return batch
  }
}
