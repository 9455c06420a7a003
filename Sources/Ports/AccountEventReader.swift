public import Market

/// Reads the events of accounts in the order in which they were committed.
///
/// An account's events have times that strictly increase in that order: who has read all up to a time never finds an
/// earlier one later.
public protocol AccountEventReader: Sendable {
  /// The next events of each account behind a time, and where the account's events end.
  /// - Parameter limit: Most events of one question.
  /// - Returns: An answer for each question whose account exists, in the questions' order.
  func events(_ questions: [EventQuestion], limit: Int) async throws(StoreError) -> [EventAnswer]

  /// Those of the accounts that have events behind their times.
  func accountsWithNews(_ questions: [EventQuestion]) async throws(StoreError) -> [AccountNumber]

  /// How keys stand; those that have been revoked or do not exist are left out.
  func keyStates(of keys: [String]) async throws(StoreError) -> [String: KeyState]
}

/// Which events are asked for.
public struct EventQuestion: Hashable, Sendable {
  /// Whose events.
  public var account: AccountNumber
  /// Only events behind this time.
  public var after: Timestamp

  /// Asks for an account's events behind a time.
  public init(account: AccountNumber, after: Timestamp) {
    self.account = account
    self.after = after
  }
}

/// Events of one account.
public struct EventAnswer: Hashable, Sendable {
  /// What was asked.
  public var question: EventQuestion
  /// Events by time.
  public var events: [AccountEvent]
  /// The time of the account's last event when this was read; the epoch while there is none.
  public var last: Timestamp
  /// More events stood behind the last of these.
  public var hasMore: Bool

  /// How far the reader has come with this: nothing is behind it and not later than this.
  public var end: Timestamp { hasMore ? events.last?.at ?? question.after : max(last, question.after) }

  /// Makes an answer.
  public init(question: EventQuestion, events: [AccountEvent], last: Timestamp, hasMore: Bool) {
    self.question = question
    self.events = events
    self.last = last
    self.hasMore = hasMore
  }
}

/// How an API key stands.
public enum KeyState: Hashable, Sendable {
  /// It may do what its role says.
  case valid
  /// Its account is blocked: it may look and cancel.
  case blocked
  /// It has been revoked, or does not exist.
  case revoked
}
