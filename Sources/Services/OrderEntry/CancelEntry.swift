package import Accounting
package import Market
package import Ports

/// Where cancels of many orders are handed in.
package protocol CancelEntry: Sendable {
  /// Hands cancels in; one reply each, in order.
  func submit(_ cancels: [CancelRequest]) async throws(LedgerError) -> [DeskReply]
}

/// Over the desk, a bounded number at a time.
struct DeskCancelEntry: CancelEntry {
  let desk: any OrderDesk
  /// Cancels under way at once.
  let concurrency: Int

  func submit(_ cancels: [CancelRequest]) async -> [DeskReply] {
    await withTaskGroup(of: (Int, DeskReply).self) { group in
      var replies = [DeskReply](repeating: .unavailable, count: cancels.count)
      for (index, cancel) in cancels.enumerated() {
        if index >= max(1, concurrency), let (done, reply) = await group.next() { replies[done] = reply }
        group.addTask { [desk] in (index, await desk.submit(.cancel(cancel))) }
      }
      for await (done, reply) in group { replies[done] = reply }
      return replies
    }
  }
}

/// Straight into the ledger, a batch a transaction: for operators, who have no desk.
package struct LedgerCancelEntry: CancelEntry {
  /// Cancels in one transaction.
  static let batch = 256
  /// How often a batch is handed in whose fate is not known.
  static let tries = 3

  private let ledger: any EntryLedger
  private let now: @Sendable () -> Timestamp

  /// Hands in over one connection.
  package init(ledger: any EntryLedger, now: @escaping @Sendable () -> Timestamp) {
    self.ledger = ledger
    self.now = now
  }

  package func submit(_ cancels: [CancelRequest]) async throws(LedgerError) -> [DeskReply] {
    var replies: [DeskReply] = []
    for start in stride(from: 0, to: cancels.count, by: Self.batch) {
      let requests = cancels[start..<min(start + Self.batch, cancels.count)].map { EntryRequest.cancel($0) }
      replies += try await accept(requests).map { .answered($0) }
    }
    return replies
  }

  private func accept(_ requests: [EntryRequest]) async throws(LedgerError) -> [AcceptedBatch.Answer] {
    var tries = 0
    while true {
      tries += 1
      do throws(LedgerError) {
        let accepted = try await ledger.accept(requests, now: now())
        guard !accepted.postponed.isEmpty else { return accepted.answers }
        guard tries < Self.tries else {
          throw LedgerError.unavailable(.lockTimeout, reason: "another session holds the account")
        }
      } catch {
        guard error == .outcomeUnknown, tries < Self.tries else { throw error }
      }
    }
  }
}
