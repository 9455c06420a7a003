public import Accounting
public import Market

/// Takes requests for good: what it accepts is durable, held for, and numbered in a shard's log.
public protocol EntryLedger: Sendable {
  /// Judges and stores a batch in one transaction, each request on its own.
  /// - Parameters:
  ///   - requests: The batch; at most what one transaction should hold.
  ///   - now: The wall clock at the call.
  /// - Returns: One answer a request, in order, and the log rows to publish. Requests of accounts that somebody else holds
  ///   are left out: nothing of them is stored, and they may be handed in again.
  func accept(_ requests: [EntryRequest], now: Timestamp) async throws(LedgerError) -> AcceptedBatch
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
