internal import Market
package import Ports

/// Blocks accounts, and cancels what they have open: the kill switch.
package struct AccountBlocking: Sendable {
  private let accounts: any AccountOperations
  private let cancels: CancelAllService

  /// Blocks accounts here and cancels their orders there.
  package init(accounts: any AccountOperations, cancels: CancelAllService) {
    self.accounts = accounts
    self.cancels = cancels
  }

  /// Lets an account only look and cancel. Repeated, it changes the reason.
  package func block(_ account: AccountName, reason: String) async throws(AdministrationError) {
    _ = try await accounts.block(account, reason: reason, cancelsOrders: false)
  }

  /// Lets an account only look and cancel, cancels its orders and records in the log what came of that. To repeat it is
  /// harmless.
  /// - Parameters:
  ///   - patience: How long it is waited until nothing is open.
  ///   - progress: Gets how many are open and how many were, as often as it is looked.
  package func blockAndCancel(
    _ account: AccountName, reason: String, patience: Duration, progress: (_ open: Int, _ all: Int) -> Void
  ) async throws(AdministrationError) -> CancelAllService.Outcome {
    let number = try await accounts.block(account, reason: reason, cancelsOrders: true)
    let outcome: CancelAllService.Outcome
    do throws(StoreError) {
      outcome = try await cancels.untilClosed(number, patience: patience, progress: progress)
    } catch {
      throw Self.halfDone(account, error)
    }
    try await accounts.recordCancels(of: account, outcome: outcome.summary)
    return outcome
  }

  private static func halfDone(_ account: AccountName, _ error: StoreError) -> AdministrationError {
    let text = { (reason: String) in
      "account \(account) is blocked, but its orders may be open: \(reason); repeat the command"
    }
    switch error {
    case .unavailable(_, let reason): return .unavailable(text(reason))
    case .fault(let reason): return .fault(text(reason))
    case .outcomeUnknown: return .unavailable(text("the connection was lost at the commit"))
    }
  }
}

extension CancelAllService.Outcome {
  /// What became of the orders, in a line.
  package var summary: String {
    guard self != CancelAllService.Outcome() else { return "no order was open" }
    var parts = ["\(canceled) cancelled", "\(filled) filled first"]
    if ended > 0 { parts.append("\(ended) ended otherwise") }
    if open > 0 { parts.append("\(open) still open") }
    return "orders: " + parts.joined(separator: ", ")
  }
}
