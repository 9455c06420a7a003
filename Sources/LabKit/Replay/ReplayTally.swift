/// What became of a recording's rows.
package struct ReplayTally: Sendable, Equatable {
  /// The kinds of commands.
  package enum Kind: String, Sendable, CaseIterable {
    case order = "new orders"
    case take = "aggressors (IOC)"
    case replace = "replaces"
    case cancel = "cancels"
  }

  /// What became of the commands of one kind.
  package struct Count: Sendable, Equatable {
    /// Commands begun, each counted once however often it was sent.
    package var sent = 0
    package var accepted = 0
    package var refused = 0
    /// Their order had finished before.
    package var late = 0
    package var lost = 0
  }

  /// How many reasons are told apart; further ones count as one.
  static let reasonLimit = 64

  /// Rows read.
  package var rows = 0
  /// Requests sent, repeats included.
  package var requests = 0
  package var counts: [Kind: Count] = [:]
  /// Refusals by reason.
  package var refusals: [String: Int] = [:]
  /// Rows that were not sent, by reason.
  package var skipped: [String: Int] = [:]
  /// Refusals that no state of market or account explains: bad requests, bad keys, orders not found.
  package var unexpected = 0
  /// Answers 429.
  package var throttled = 0
  /// Repeats after an answer or failure that left the outcome open.
  package var uncertain = 0
  /// Repeats after a failure that certainly did nothing.
  package var unavailable = 0
  /// Replaces sent again because their order was not yet `new`.
  package var tooEarly = 0
  /// Orders that were found to have arrived although their first answer was lost.
  package var recovered = 0
  /// How much later than recorded rows were begun; empty when they are sent as quickly as possible.
  package var lateness = LatencyHistogram()

  /// Commands of all kinds whose outcome is not known.
  package var lost: Int { counts.values.reduce(0) { $0 + $1.lost } }
  /// Orders accepted, aggressors included.
  package var acceptedOrders: Int { self[.order].accepted + self[.take].accepted }
  /// Commands of all kinds that were accepted.
  package var acceptedCommands: Int { counts.values.reduce(0) { $0 + $1.accepted } }
  /// Nothing was lost and nothing unexpected was answered.
  package var isSound: Bool { lost == 0 && unexpected == 0 }

  /// The count of one kind.
  package subscript(kind: Kind) -> Count {
    get { counts[kind, default: Count()] }
    set { counts[kind] = newValue }
  }

  mutating func skip(_ reason: String, _ count: Int = 1) {
    if count > 0 { Self.add(reason, to: &skipped, count) }
  }

  mutating func note(_ resend: ReplayJob.Resend) {
    switch resend {
    case .throttled: throttled += 1
    case .unavailable: unavailable += 1
    case .unknown: uncertain += 1
    case .tooEarly: tooEarly += 1
    case .lookup: break
    }
  }

  mutating func note(_ outcome: ReplayJob.Outcome, of kind: Kind) {
    switch outcome {
    case .placed, .canceled: self[kind].accepted += 1
    case .late: self[kind].late += 1
    case .lost: self[kind].lost += 1
    case .refused(let reason):
      self[kind].refused += 1
      Self.add(reason, to: &refusals, 1)
      if !reason.hasPrefix("403"), !reason.hasPrefix("422") { unexpected += 1 }
    }
  }

  private static func add(_ reason: String, to counts: inout [String: Int], _ count: Int) {
    let isKnown = counts[reason] != nil || counts.count < reasonLimit
    counts[isKnown ? reason : "other reasons", default: 0] += count
  }
}
