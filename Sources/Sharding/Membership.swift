/// Tells which workers are alive, from their heartbeats, their connections and what they answer when asked.
///
/// A crash shows in a moment: the connection is gone and nothing answers. A hang shows by its heartbeat, and is confirmed by
/// asking the worker itself before it is called one. Nothing here is needed for safety: whoever is called dead wrongly
/// loses its shards to others and claims again.
public struct Membership: Sendable {
  /// What is known of a worker.
  public enum Standing: Hashable, Sendable {
    /// It beats, or has just answered.
    case alive
    /// Its heartbeat is late; it is being asked.
    case suspect
    /// Its heartbeat stopped and it answered none of several questions: its leases may be waited out.
    case hung
    /// Its process is gone: its leases are worth nothing.
    case crashed
  }

  /// What a look found of a worker.
  public struct PollResult: Hashable, Sendable {
    /// The worker.
    public var worker: WorkerID
    /// A number that changes with each of its beats.
    public var beat: UInt64
    /// Whether its connection stands; nil when that cannot be told.
    public var isConnected: Bool?

    /// Describes what was found.
    public init(worker: WorkerID, beat: UInt64, isConnected: Bool?) {
      self.worker = worker
      self.beat = beat
      self.isConnected = isConnected
    }
  }

  /// What came of asking a worker whether it is well.
  public enum Answer: Hashable, Sendable {
    /// It says that it is.
    case healthy
    /// It says that it is not, or says nothing in time.
    case unwell
    /// Nothing listens where it should be.
    case refused
    /// It cannot be asked from here.
    case unreachable
  }

  /// When a worker is doubted and when it is given up.
  public struct Limits: Hashable, Sendable {
    /// A heartbeat that stands still for this long is late.
    public var lateAfter: Duration
    /// Questions without a good answer after which a worker whose connection stands counts as hung.
    public var tries = 3
    /// Looks without a connection after which a worker that cannot be asked counts as crashed.
    public var polls = 2
    /// How long a good answer makes up for a late heartbeat.
    public var pardon: Duration
    /// How long a worker is remembered after its last beat.
    public var memory: Duration

    /// Limits for leases of a lifetime: late after half of it, pardoned for one more.
    public init(leaseLifetime: Duration) {
      lateAfter = leaseLifetime / 2
      pardon = leaseLifetime
      memory = leaseLifetime * 20
    }
  }

  fileprivate struct Member {
    var beat: UInt64
    var beatAt: Duration
    var isConnected: Bool?
    var standing = Standing.alive
    var isAsked = false
    var failures = 0
    var pardonedUntil = Duration.zero
  }

  /// The limits in force.
  public let limits: Limits
  private var members: [WorkerID: Member] = [:]

  /// Knows nobody yet.
  public init(limits: Limits) { self.limits = limits }

  /// How a worker stands; who was never seen is not alive.
  public func standing(of worker: WorkerID) -> Standing? { members[worker]?.standing }

  /// Takes in what a look found at `now` (on any clock that only moves forward).
  /// - Returns: The workers that should be asked now whether they are well; each answer belongs into ``answered(_:_:at:)``.
  public mutating func poll(_ pollResults: [PollResult], at now: Duration) -> [WorkerID] {
    let seen = Dictionary(pollResults.map { ($0.worker, $0) }, uniquingKeysWith: { $1 })
    for pollResult in pollResults where members[pollResult.worker]?.beat != pollResult.beat {
      // Whoever beats is alive, whatever was thought of it. An answer that is still awaited no longer matters.
      let isAsked = members[pollResult.worker]?.isAsked ?? false
      members[pollResult.worker] = Member(beat: pollResult.beat, beatAt: now, isAsked: isAsked)
    }
    members = members.filter { now - $0.value.beatAt < limits.memory }
    return members.keys.sorted().filter { members[$0]!.shouldBeAsked(seen[$0], limits, now) }
  }

  /// Takes in what came of a question.
  public mutating func answered(_ worker: WorkerID, _ answer: Answer, at now: Duration) {
    members[worker]?.answered(answer, limits, now)
  }
}

extension Membership.Member {
  fileprivate mutating func shouldBeAsked(
    _ pollResult: Membership.PollResult?, _ limits: Membership.Limits, _ now: Duration
  ) -> Bool {
    isConnected = pollResult?.isConnected
    let isGone = isConnected == false
    let isLate = now - beatAt >= limits.lateAfter
    guard isGone || isLate else {
      failures = 0
      standing = .alive
      return false
    }
    guard now >= pardonedUntil, standing == .alive || standing == .suspect else { return false }
    if isLate { standing = .suspect }
    guard !isAsked else { return false }
    isAsked = true
    return true
  }

  fileprivate mutating func answered(
    _ answer: Membership.Answer, _ limits: Membership.Limits, _ now: Duration
  ) {
    isAsked = false
    let isGone = isConnected == false
    guard isGone || now - beatAt >= limits.lateAfter else { return }
    switch answer {
    case .healthy:
      failures = 0
      standing = .alive
      pardonedUntil = now + limits.pardon
    case .refused where isGone: standing = .crashed
    case .refused, .unwell, .unreachable:
      failures += 1
      if isGone, answer == .unreachable, failures >= limits.polls {
        standing = .crashed
      } else if failures >= limits.tries {
        standing = isGone ? .crashed : .hung
      }
    }
  }
}
