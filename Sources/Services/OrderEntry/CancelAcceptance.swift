package import Accounting
package import Market
package import Ports

/// Where cancels of many orders are handed in.
package protocol CancelAcceptance: Sendable {
  /// Hands cancels in; one reply each, in order.
  func submit(_ cancels: [CancelRequest]) async throws(StoreError) -> [AcceptanceReply]
}

/// Over acceptance, a bounded number at a time.
struct SingleCancelAcceptance: CancelAcceptance {
  let acceptor: any OrderAcceptor
  /// Cancels under way at once.
  let concurrency: Int

  func submit(_ cancels: [CancelRequest]) async -> [AcceptanceReply] {
    await withTaskGroup(of: (Int, AcceptanceReply).self) { group in
      var replies = [AcceptanceReply](repeating: .unavailable, count: cancels.count)
      for (index, cancel) in cancels.enumerated() {
        if index >= max(1, concurrency), let (done, reply) = await group.next() { replies[done] = reply }
        group.addTask { [acceptor] in (index, await acceptor.submit(.cancel(cancel))) }
      }
      for await (done, reply) in group { replies[done] = reply }
      return replies
    }
  }
}

/// Straight into the ledger, a batch a transaction: for operators, who have no desk.
package struct BatchCancelAcceptance: CancelAcceptance {
  /// Cancels in one transaction.
  static let batch = 256
  /// How often a batch is handed in whose fate is not known.
  static let tries = 3

  private let ledger: any AcceptanceLedger
  private let now: @Sendable () -> Timestamp

  /// Hands in over one connection.
  package init(ledger: any AcceptanceLedger, now: @escaping @Sendable () -> Timestamp) {
    self.ledger = ledger
    self.now = now
  }

  package func submit(_ cancels: [CancelRequest]) async throws(StoreError) -> [AcceptanceReply] {
    var replies: [AcceptanceReply] = []
    for start in stride(from: 0, to: cancels.count, by: Self.batch) {
      let requests = cancels[start..<min(start + Self.batch, cancels.count)].map { AcceptanceRequest.cancel($0) }
      replies += try await accept(requests).map { .answered($0) }
    }
    return replies
  }

  private func accept(_ requests: [AcceptanceRequest]) async throws(StoreError) -> [AcceptedBatch.Answer] {
    var tries = 0
    while true {
      tries += 1
      do throws(StoreError) {
        let accepted = try await ledger.accept(requests, now: now())
        guard !accepted.postponed.isEmpty else { return accepted.answers }
        guard tries < Self.tries else {
          throw StoreError.unavailable(.lockTimeout, reason: "another session holds the account")
        }
      } catch {
        guard error == .outcomeUnknown, tries < Self.tries else { throw error }
      }
    }
  }
}
