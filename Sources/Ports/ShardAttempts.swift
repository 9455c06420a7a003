public import Market

/// What an owner must know of a shard beside its books: what is known against the next command, and what was set aside.
public struct ShardAttempts: Hashable, Sendable {
  /// The last row of the log.
  public var last: Sequence
  /// How often in a row the shard was claimed at this place of its log with work to do.
  public var claims: Int
  /// Tries of the next command that did not end in an orderly way or were refused by the ledger.
  public var tries: Int
  /// What the ledger refused one of them with.
  public var reason: String?
  /// Commands before the cursor that are in quarantine, or came out of it as a later row that is not processed yet.
  public var quarantined: [Sequence]

  /// Makes a standing; by default there is nothing to know.
  public init(
    last: Sequence, claims: Int = 0, tries: Int = 0, reason: String? = nil, quarantined: [Sequence] = []
  ) {
    self.last = last
    self.claims = claims
    self.tries = tries
    self.reason = reason
    self.quarantined = quarantined
  }
}

/// Why a command goes into quarantine.
public struct QuarantineReason: Hashable, Sendable {
  /// In words, for the operator.
  public var reason: String
  /// How often it was tried.
  public var tries: Int

  /// Makes a reason.
  public init(reason: String, tries: Int) {
    self.reason = reason
    self.tries = tries
  }
}
