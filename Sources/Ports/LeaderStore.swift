public import Sharding

/// Who should lead, and what the leader assigns. It gives liveness; what a leader writes into the ledger is fenced there.
public protocol LeaderStore: Sendable {
  /// The leader's lease; nil when it is free.
  func seat() async throws(StreamError) -> LeaderElection.Seat?

  /// Takes the leader's lease when it is free, or as it was seen from a holder that is gone.
  /// - Returns: Whether it is the caller's now.
  func campaign(
    _ worker: WorkerID, nonce: UInt64, over: LeaderElection.Seat?, lifetime: Duration
  ) async throws(StreamError) -> Bool

  /// Extends the leader's lease, and takes it back when a wipe lost it.
  /// - Returns: Whether it is the caller's; no when another holds it with the same term or a later one.
  func extend(_ worker: WorkerID, _ leadership: Leadership, lifetime: Duration) async throws(StreamError) -> Bool

  /// Gives the leader's lease up, if it is of this election.
  func resign(nonce: UInt64) async throws(StreamError)

  /// What is assigned; nil before anything was.
  /// - Parameter known: What the caller knows already: given back when it still stands, so that it need not be read again.
  func assignment(unless known: Assignment?) async throws(StreamError) -> Assignment?

  /// Publishes the leader's target assignment.
  /// - Parameter lie: Targets that say they are of a later term and are not: they are overruled.
  /// - Returns: Whether it was taken: a leader of a later term is not overruled.
  func publish(_ assignment: Assignment, over lie: Assignment?) async throws(StreamError) -> Bool
}

extension LeaderStore {
  /// Assigns, unless a leader of a later term does.
  public func publish(_ assignment: Assignment) async throws(StreamError) -> Bool {
    try await publish(assignment, over: nil)
  }
}

/// Where terms are handed out and a leader's duties are carried out, each only while its term stands.
public protocol TermStore: Sendable {
  /// Begins a new term.
  func elect(_ worker: WorkerID, nonce: UInt64) async throws(StoreError) -> Leadership

  /// Whether a term stands: nobody has been elected since.
  func stands(_ leadership: Leadership) async throws(StoreError) -> Bool

  /// Makes some of the tables that the coming days lack, if this is the hour for it.
  /// - Returns: What was made and is left; nil when the term has ended, and nothing more was done.
  func keepDays(_ leadership: Leadership) async throws(StoreError) -> DaysKept?
}

/// What became of the coming days' tables.
public struct DaysKept: Hashable, Sendable {
  /// Fewer days ahead than these are a matter for an operator.
  public static let fewest = 2

  /// How many tables were made.
  public var made: Int
  /// How many are still missing.
  public var left: Int
  /// For how many whole days from tomorrow on all tables are there, up to as many as there should be; -1 when today lacks
  /// some.
  public var ahead: Int

  /// Says what was done.
  public init(made: Int, left: Int, ahead: Int) {
    self.made = made
    self.left = left
    self.ahead = ahead
  }
}

/// Tells for how many days tables stand ready.
public protocol DayTableReader: Sendable {
  /// Whole days from tomorrow on whose tables are all there, at most as many as the leader keeps ready; -1 when today
  /// lacks some. The database's clock says what today is.
  func daysAhead() async throws(StoreError) -> Int
}

/// Asks a worker whether it is well.
public protocol HealthProbe: Sendable {
  /// Asks once.
  func ask(_ heartbeat: Heartbeat) async -> Membership.Answer
}
