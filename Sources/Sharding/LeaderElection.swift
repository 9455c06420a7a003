/// Who leads: decided by each worker for itself, from the leader's lease.
public enum LeaderElection {
  /// The leader's lease as it stands.
  public struct Seat: Hashable, Sendable {
    /// Who holds it.
    public var worker: WorkerID
    /// The election it belongs to.
    public var nonce: UInt64
    /// How often it has been renewed.
    public var counter: UInt64
    /// The term; 0 before PostgreSQL has handed one out.
    public var term: Term
    /// Milliseconds until it expires.
    public var remainingMilliseconds: Int64

    /// Describes a lease.
    public init(worker: WorkerID, nonce: UInt64, counter: UInt64, term: Term, remainingMilliseconds: Int64) {
      self.worker = worker
      self.nonce = nonce
      self.counter = counter
      self.term = term
      self.remainingMilliseconds = remainingMilliseconds
    }
  }

  /// What a worker should do.
  public enum Step: Hashable, Sendable {
    /// Try to win the lease: it is free, or worth nothing because its holder is gone.
    case campaign(over: Seat?)
    /// Go on leading.
    case lead(Leadership)
    /// Give the lease back: it is of an election that this worker does not lead by, or it should not lead.
    case resign(nonce: UInt64)
    /// Somebody else leads, or nobody can at the moment.
    case follow
  }

  /// Decides.
  /// - Parameters:
  ///   - seat: The lease; nil when it is free.
  ///   - me: The worker that decides.
  ///   - mine: What it leads by; nil when it does not.
  ///   - isEligible: Whether it may lead: one that drains may not.
  ///   - standing: How the holder stands.
  public static func step(
    seat: Seat?, me: WorkerID, mine: Leadership?, isEligible: Bool, standing: Membership.Standing?
  ) -> Step {
    guard let seat else {
      // A lease that a wipe lost is still its leader's: PostgreSQL knows who was elected last.
      guard isEligible else { return .follow }
      return mine.map { .lead($0) } ?? .campaign(over: nil)
    }
    if seat.worker == me {
      guard isEligible, let mine, mine.nonce == seat.nonce else { return .resign(nonce: seat.nonce) }
      return .lead(mine)
    }
    return isEligible && standing == .crashed ? .campaign(over: seat) : .follow
  }
}
