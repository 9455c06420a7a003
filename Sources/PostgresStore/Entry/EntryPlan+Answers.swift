internal import Accounting
internal import Market
internal import Ports

extension EntryPlan {
  /// The answers to the requests.
  /// - Parameters:
  ///   - orders: The plan's own orders, numbered.
  ///   - repeated: Orders of earlier batches that repeated requests made; a repeat within the batch finds its order among
  ///     the plan's own.
  func answers(orders: [OrderRecord], repeated: [OrderID: OrderRecord]) -> [AcceptedBatch.Answer] {
    outcomes.map { outcome in
      switch outcome {
      case .accepted(let index):
        var order = orders[index]
        order.legs = Array(
          orders[(index + 1)...].prefix { $0.conditions?.isLeg == true && $0.conditions?.group == order.id })
        return .accepted(order)
      case .cancelAccepted, .cancelPending: return .cancelAccepted
      case .repeated(let id):
        let order = repeated[id] ?? orders.first { $0.id == id }
        return order.map { .repeated($0) } ?? .refused(.orderNotFound(id))
      case .refused(let reason): return .refused(reason)
      }
    }
  }
}
