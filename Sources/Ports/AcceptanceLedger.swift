public import Accounting
public import Market

/// Takes requests for good: what it accepts is durable, held for, and numbered in a shard's log.
public protocol AcceptanceLedger: Sendable {
  /// Judges and stores a batch in one transaction, each request on its own.
  /// - Parameters:
  ///   - requests: The batch; at most what one transaction should hold.
  ///   - now: The wall clock at the call.
  /// - Returns: One answer a request, in order, and the log rows to publish. Requests of accounts that somebody else holds
  ///   are left out: nothing of them is stored, and they may be handed in again.
  func accept(_ requests: [AcceptanceRequest], now: Timestamp) async throws(StoreError) -> AcceptedBatch
}

/// What became of a batch of requests.
public struct AcceptedBatch: Sendable {
  /// The answer to one request.
  public enum Answer: Hashable, Sendable {
    /// The order is stored and on its way to the book; for a replacement, the new order.
    case accepted(OrderRecord)
    /// The cancel is on its way to the book.
    case cancelAccepted
    /// A request with this idempotency key made this order before; as it is stored now.
    case repeated(OrderRecord)
    /// Refused; nothing changed.
    case refused(RejectReason)
  }

  /// One answer a request whose account is not among ``postponed``, in order.
  public var answers: [Answer]
  /// The new log rows, to be published.
  public var entries: [LogEntry]
  /// Accounts of which somebody else holds a row that their requests need. None of these is stored.
  public var postponed: Set<AccountNumber>

  /// Makes an outcome.
  public init(answers: [Answer], entries: [LogEntry], postponed: Set<AccountNumber> = []) {
    self.answers = answers
    self.entries = entries
    self.postponed = postponed
  }
}

extension AcceptancePlan {
  /// The answers to the requests.
  /// - Parameters:
  ///   - orders: The plan's own orders, numbered.
  ///   - repeated: Orders of earlier batches that repeated requests made; a repeat within the batch finds its order among
  ///     the plan's own.
  package func answers(orders: [OrderRecord], repeated: [OrderID: OrderRecord]) -> [AcceptedBatch.Answer] {
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
