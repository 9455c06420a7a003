public import Accounting

/// Where the gateway hands in requests that are well-formed; it answers when their fate is durable.
public protocol OrderAcceptor: Sendable {
  /// Takes a request through acceptance.
  func submit(_ request: AcceptanceRequest) async -> AcceptanceReply
}

/// What became of a request at acceptance.
public enum AcceptanceReply: Hashable, Sendable {
  /// Judged: accepted durably, or refused.
  case answered(AcceptedBatch.Answer)
  /// Not looked at, nothing stored: the queue or the shard is over its bound. Try again after about this long.
  case busy(retryAfter: Duration)
  /// Nothing stored: the database is away.
  case unavailable
  /// Nothing stored: somebody else holds the account for too long.
  case accountHeld
  /// Stored once or not at all; nobody knows yet.
  case outcomeUnknown
}
