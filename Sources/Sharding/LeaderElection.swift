/// Who leads: decided by each worker for itself, from the leader's lease.
///
/// The lease says who should lead, PostgreSQL who does: whoever was elected last contests a lease that names another.
public struct LeaderElection: Sendable {
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
    /// How long until it expires.
    public var remaining: Duration

    /// Describes a lease.
    public init(worker: WorkerID, nonce: UInt64, counter: UInt64, term: Term, remaining: Duration) {
      self.worker = worker
      self.nonce = nonce
      self.counter = counter
      self.term = term
      self.remaining = remaining
    }
  }

  /// What a worker should do.
  public enum Step: Hashable, Sendable {
    /// Try to win the lease: it is free, or worth nothing because its holder is gone.
    case campaign(over: Seat?)
    /// Go on leading.
    case lead(Leadership)
    /// The lease names another: lead on over it if PostgreSQL knows of no later election, else step down.
    case contest(Leadership, over: Seat)
    /// Give the lease back: it is of an election that this worker does not lead by, or it should not lead.
    case resign(nonce: UInt64)
    /// Somebody else leads, or nobody can at the moment.
    case follow
  }

  /// How long a lease of nobody who is known may stand still.
  public let longestWait: Duration
  private var standstill: Standstill?

  /// Makes an election.
  public init(longestWait: Duration) { self.longestWait = longestWait }

  /// Decides what is to be done next.
  /// - Parameters:
  ///   - seat: The lease; nil when it is free.
  ///   - me: The worker that decides.
  ///   - mine: What it leads by; nil when it does not.
  ///   - isEligible: Whether it may lead: one that drains may not.
  ///   - standing: How the holder stands; nil when nobody knows it.
  ///   - now: The moment, on any clock that only moves forward.
  public mutating func step(
    seat: Seat?, me: WorkerID, mine: Leadership?, isEligible: Bool, standing: Membership.Standing?, now: Duration
  ) -> Step {
    guard let seat else {
      standstill = nil
      // A lease that a wipe lost is still its leader's: PostgreSQL knows who was elected last.
      guard isEligible else { return .follow }
      return mine.map { .lead($0) } ?? .campaign(over: nil)
    }
    if seat.worker == me {
      guard isEligible, let mine, mine.nonce == seat.nonce else { return .resign(nonce: seat.nonce) }
      return .lead(mine)
    }
    let isForsaken = isForsaken(seat, standing, now)
    guard isEligible else { return .follow }
    if let mine { return .contest(mine, over: seat) }
    return standing == .crashed || isForsaken ? .campaign(over: seat) : .follow
  }

  /// Whether the lease belongs to nobody who is known, or to one who hangs, and has not been renewed for a lifetime.
  private mutating func isForsaken(_ seat: Seat, _ standing: Membership.Standing?, _ now: Duration) -> Bool {
    var seen = standstill ?? Standstill(nonce: seat.nonce, counter: seat.counter, now: now)
    let stood = seen.see(nonce: seat.nonce, counter: seat.counter, now: now)
    standstill = seen
    return (standing == nil || standing == .hung) && stood > longestWait
  }
}
