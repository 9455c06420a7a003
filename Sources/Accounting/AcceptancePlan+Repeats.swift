internal import Market

extension AcceptancePlan {
  /// Whether an answer says that something is stored, or is in use, which an earlier transaction stored.
  public var reliesOnStoredRows: Bool {
    outcomes.contains { outcome in
      switch outcome {
      case .repeated, .cancelPending, .refused(.duplicateClientOrderID): return true
      case .accepted, .cancelAccepted, .refused: return false
      }
    }
  }

  /// The orders that earlier requests with the same idempotency keys made: they have to be read to answer. A repeat within
  /// the batch finds its order among the plan's own.
  public func repeatedOrders(of requests: [AcceptanceRequest]) -> [OrderName] {
    zip(requests, outcomes).compactMap { request, outcome in
      if case .repeated(let id) = outcome { OrderName(account: request.account, id: id) } else { nil }
    }
  }

  /// The orders that have to be read to tell whether the plan is stored, and to answer then.
  public func namedOrders(of requests: [AcceptanceRequest]) -> [OrderName] {
    orders.map { OrderName(account: $0.account, id: $0.id) } + repeatedOrders(of: requests)
  }
}
