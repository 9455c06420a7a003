public import Market

/// What a worker does about shards: which it claims, which it prepares to take over, which it hands on. Decided by each
/// worker for itself, from what all of them see; the leader's assignment is a target that is honoured first, and nothing waits
/// for a leader.
public struct ClaimPlan: Sendable {
  /// Another worker, or the deciding one, as it is seen.
  public struct Member: Hashable, Sendable {
    /// How it stands.
    public var standing: Membership.Standing
    /// What it is ready to do.
    public var state: WorkerState
    /// The shards that it says it works on.
    public var shards: Set<Shard>

    /// Describes a worker.
    public init(standing: Membership.Standing, state: WorkerState, shards: Set<Shard>) {
      self.standing = standing
      self.state = state
      self.shards = shards
    }

    /// Whether its word counts: also while it is in doubt, for that is soon settled.
    var isTrusted: Bool { standing == .alive || standing == .suspect }
    /// Whether shards may go to it.
    var takesShards: Bool { standing == .alive && state == .active }
  }

  /// What a worker sees.
  public struct View: Sendable {
    /// The worker that decides.
    public var me: WorkerID
    /// All workers that are known, the deciding one among them.
    public var members: [WorkerID: Member]
    /// All shards.
    public var shards: [Shard]
    /// The leader's targets.
    public var targets: [Shard: WorkerID]
    /// The shards that the worker works on.
    public var owned: Set<Shard>
    /// The shards whose books it keeps ready to take over.
    public var prepared: Set<Shard>
    /// The leases of ``ClaimPlan/doubtful(_:)`` shards; a free one has none.
    public var leases: [Shard: Lease] = [:]
    /// The moment, on any clock that only moves forward.
    public var now: Duration

    /// Describes what a worker sees.
    public init(
      me: WorkerID, members: [WorkerID: Member], shards: [Shard], targets: [Shard: WorkerID], owned: Set<Shard>,
      prepared: Set<Shard>, now: Duration
    ) {
      self.me = me
      self.members = members
      self.shards = shards
      self.targets = targets
      self.owned = owned
      self.prepared = prepared
      self.now = now
    }
  }

  /// One thing to do.
  public enum Action: Hashable, Sendable {
    /// Take a shard that is free, or whose holder is gone.
    case claim(Shard, over: Lease?)
    /// Rebuild a shard's books beside its owner and ask to be handed the shard.
    case prepare(Shard)
    /// Hand a shard to the worker that asked for it.
    case handOver(Shard, to: Successor)
    /// Give back a lease that nothing is worked under.
    case release(Shard, nonce: UInt64)
    /// Forget books that are no longer wanted.
    case forget(Shard)
  }

  /// How long a worker leaves a free shard to each one that comes before it.
  public let patience: Duration
  /// How long a free shard is left to others at most; also how long a lease of nobody who is known may stand still.
  public let longestWait: Duration
  private var freeSince: [Shard: Duration] = [:]
  private var standstills: [Shard: Standstill] = [:]

  /// Makes a plan.
  public init(patience: Duration = .milliseconds(100), longestWait: Duration) {
    self.patience = patience
    self.longestWait = longestWait
  }

  /// The shards whose leases must be read to decide: those that no living worker says it works on, those that are
  /// prepared, and those that should go to another.
  public static func doubtful(_ view: View) -> [Shard] {
    let covered = worked(view)
    return view.shards.filter { shard in
      !view.owned.contains(shard) && !covered.contains(shard) || view.prepared.contains(shard)
        || view.owned.contains(shard) && view.targets[shard].map { $0 != view.me } ?? false
    }
  }

  /// The shards that other living workers say they work on.
  private static func worked(_ view: View) -> Set<Shard> {
    view.members.reduce(into: []) { shards, entry in
      if entry.key != view.me, entry.value.isTrusted { shards.formUnion(entry.value.shards) }
    }
  }

  /// Decides what is to be done next.
  public mutating func decide(_ view: View) -> [Action] {
    let isActive = view.members[view.me]?.state == .active
    let doubtful = Set(Self.doubtful(view))
    let worked = Self.worked(view)
    freeSince = freeSince.filter { doubtful.contains($0.key) }
    standstills = standstills.filter { doubtful.contains($0.key) }
    var actions: [Action] = []
    for shard in view.shards {
      if view.owned.contains(shard) {
        freeSince[shard] = nil
        if let action = keepOrHandOver(shard, view) { actions.append(action) }
      } else if doubtful.contains(shard), let action = take(shard, view, isActive, isWorked: worked.contains(shard)) {
        actions.append(action)
      } else if isActive, view.targets[shard] == view.me, !view.prepared.contains(shard), !doubtful.contains(shard) {
        actions.append(.prepare(shard))
      }
      if view.prepared.contains(shard), !isActive || view.targets[shard].map({ $0 != view.me }) ?? true {
        actions.append(.forget(shard))
      }
    }
    return actions
  }

  private func keepOrHandOver(_ shard: Shard, _ view: View) -> Action? {
    guard let target = view.targets[shard], target != view.me, let successor = view.leases[shard]?.successor,
      successor.worker == target, view.members[target]?.takesShards ?? false
    else { return nil }
    return .handOver(shard, to: successor)
  }

  private mutating func take(_ shard: Shard, _ view: View, _ isActive: Bool, isWorked: Bool) -> Action? {
    let lease = view.leases[shard]
    if let lease, lease.owner == view.me, !view.prepared.contains(shard) {
      return .release(shard, nonce: lease.nonce)
    }
    if let lease, view.members[lease.owner]?.standing != .crashed, !isForsaken(lease, of: shard, view) {
      freeSince[shard] = nil
      return nil
    }
    guard isActive else { return nil }
    let since = freeSince[shard] ?? view.now
    freeSince[shard] = since
    // A lease is never free while a shard changes hands: somebody has damaged it, and who works the shard takes it back.
    let wait = isWorked && lease == nil ? longestWait : wait(for: shard, view)
    return view.now - since >= wait ? .claim(shard, over: lease) : nil
  }

  /// Whether a lease belongs to nobody who is known, or to one who hangs, and has not been renewed for a lifetime: one
  /// written by hand, or by somebody with other settings, may last for as long as it likes.
  private mutating func isForsaken(_ lease: Lease, of shard: Shard, _ view: View) -> Bool {
    let standstill =
      standstills[shard, default: Standstill(nonce: lease.nonce, counter: lease.counter, now: view.now)]
      .see(nonce: lease.nonce, counter: lease.counter, now: view.now)
    let holder = view.members[lease.owner]?.standing
    return (holder == nil || holder == .hung) && standstill > longestWait
  }

  /// How long this worker leaves a free shard alone: not at all when it is the one that should have it.
  private func wait(for shard: Shard, _ view: View) -> Duration {
    let takers = view.members.filter { $0.value.takesShards }.keys
    if view.targets[shard] == view.me { return .zero }
    let isAssigned = view.targets[shard].map { takers.contains($0) } ?? false
    let rank = Rendezvous.rank(of: view.me, among: takers, for: shard) + (isAssigned ? 1 : 0)
    return min(patience * rank, longestWait)
  }
}
