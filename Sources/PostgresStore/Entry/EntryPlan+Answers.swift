internal import Accounting
internal import Market
internal import Ports

extension EntryPlan {
  /// Whether an answer says that something is stored, or is in use, which an earlier transaction stored.
  var reliesOnStoredRows: Bool {
    outcomes.contains { outcome in
      switch outcome {
      case .repeated, .cancelPending, .refused(.duplicateClientOrderID): return true
      case .accepted, .cancelAccepted, .refused: return false
      }
    }
  }

  /// The orders that earlier requests with the same idempotency keys made, with their accounts.
  func repeatedOrders(of requests: [EntryRequest]) -> [OrderName] {
    zip(requests, outcomes).compactMap { request, outcome in
      if case .repeated(let id) = outcome { OrderName(account: request.account, id: id) } else { nil }
    }
  }
}
