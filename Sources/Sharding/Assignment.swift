public import Market

/// What the leader assigns: which worker should work on which shard.
public struct Assignment: Hashable, Sendable {
  /// The term of the leader that wrote it.
  public var term: Term
  /// Counts the versions of a term.
  public var generation: Int64
  /// The targets.
  public var targets: [Shard: WorkerID]

  /// Makes an assignment.
  public init(term: Term, generation: Int64, targets: [Shard: WorkerID]) {
    self.term = term
    self.generation = generation
    self.targets = targets
  }
}

/// How often a leader has been elected; PostgreSQL hands it out and refuses what leaders of older terms write.
public struct Term: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number; 0 means that nobody has led yet.
  public let rawValue: Int64
  /// Names a term.
  public init(rawValue: Int64) { self.rawValue = rawValue }
  public static func < (a: Term, b: Term) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}

/// The right to lead, as PostgreSQL handed it out.
public struct Leadership: Hashable, Sendable {
  /// The term.
  public var term: Term
  /// What the elected worker brought: tells two elections of one term apart after a fail-over that lost one.
  public var nonce: UInt64

  /// Makes a leadership.
  public init(term: Term, nonce: UInt64) {
    self.term = term
    self.nonce = nonce
  }
}
