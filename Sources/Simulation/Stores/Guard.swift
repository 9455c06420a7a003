/// What the memory stores check, as PostgreSQL and Redis do. Taking one out must not go unnoticed: that shows that a
/// simulation can fail.
package enum Guard: String, CaseIterable, Sendable {
  /// A settlement is refused unless its owner's epoch is the shard's. (Its nonce is compared as well.)
  case epoch
  /// A settlement is refused unless its owner's nonce is that of the claim. (Its epoch is compared as well.)
  case nonce
  /// Both of these.
  case claim
  /// A settlement is refused unless it begins where the shard stands.
  case cursor
  /// A settlement is refused unless epoch, nonce and cursor are the shard's.
  case ownership
  /// A settlement is refused that goes beyond the end of the log.
  case logEnd = "log-end"
  /// A settlement is refused that was made in another history of the database.
  case timeline = "history"
  /// Acceptance takes the holds of what it accepts.
  case holds
  /// Acceptance finds the order that the same key made before.
  case requestKeys = "request-keys"
  /// Acceptance judges by rows that nobody changes meanwhile.
  case locks
  /// An account's events have times that come behind those of its events before, whatever clocks say.
  case eventTimes = "event-times"
  /// What a leader does is refused when another has been elected.
  case term
  /// What instruments are told is refused when they have been told something else since.
  case progress = "standing"
  /// Both of these.
  case leading
  /// A try of a command is taken back when it was not to blame.
  case withdrawal
  /// Stream entries are refused unless they are signed.
  case signature
  /// The end of the log is told to whoever asks.
  case logTail = "log-tail"
  /// A settlement stores the order's last prices.
  case lastPrices = "last-prices"
  /// A settlement takes the marks off what it has dealt with.
  case staleMarks = "stale-marks"
  /// A lease that is held is not given away.
  case lease

  /// Why leaving it out alone need not show within some hundred seeds; nil where it must.
  package var backup: String? {
    switch self {
    case .epoch: "the nonce is compared as well"
    case .nonce: "the epoch is compared as well"
    case .cursor: "who holds the claim stands where it settled last"
    case .logEnd: "only forged entries lead there, which are not signed"
    case .timeline: "the cursor is compared as well, and owners look whether the history has changed"
    case .term: "what was told meanwhile is compared as well"
    case .progress: "the term is compared as well"
    case .leading: "the engine takes a step that it has taken for done"
    case .withdrawal: "several tries in a row must come to nothing"
    case .staleMarks: "only changes of an order in quarantine leave them"
    case .claim, .ownership, .lease, .holds, .requestKeys, .signature, .logTail, .lastPrices, .locks,
      .eventTimes:
      nil
    }
  }
}
