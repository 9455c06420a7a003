public import Market

/// Which shards a worker should claim or give up so that every worker ends with its fair share: decided by each worker for
/// itself, from what all of them see.
public enum FairShare {
  /// What a worker sees.
  public struct View: Hashable, Sendable {
    /// The worker itself.
    public var me: WorkerID
    /// All workers that are alive, the worker itself among them.
    public var alive: Set<WorkerID>
    /// All shards.
    public var shards: [Shard]
    /// Who holds which lease.
    public var holders: [Shard: WorkerID]
    /// The shards that the worker works on.
    public var owned: Set<Shard>

    /// Describes what a worker sees.
    public init(me: WorkerID, alive: Set<WorkerID>, shards: [Shard], holders: [Shard: WorkerID], owned: Set<Shard>) {
      self.me = me
      self.alive = alive
      self.shards = shards
      self.holders = holders
      self.owned = owned
    }
  }

  /// What it should do.
  public struct Decision: Hashable, Sendable {
    /// Free shards to claim, most wanted first.
    public var claim: [Shard]
    /// Shards beyond the fair share to give up, least wanted first.
    public var release: [Shard]
  }

  /// Decides. A worker wants shards by rendezvous hash, so two workers that claim at once rarely want the same first.
  ///
  /// Source: D. Thaler, C. Ravishankar, "Using name-based mappings to increase hit rates", 1998 (highest random weight).
  public static func decide(_ view: View) -> Decision {
    let share = (view.shards.count + view.alive.count - 1) / max(1, view.alive.count)
    let wanted = view.shards.sorted { weight(view.me, $0) > weight(view.me, $1) }
    let free = wanted.filter { view.holders[$0] == nil && !view.owned.contains($0) }
    let kept = wanted.filter { view.owned.contains($0) }
    return Decision(
      claim: Array(free.prefix(max(0, share - kept.count))),
      release: Array(kept.dropFirst(share).reversed()))
  }

  /// How much a worker wants a shard: a hash of both (FNV-1a with a final mix).
  static func weight(_ worker: WorkerID, _ shard: Shard) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in worker.rawValue.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash = (hash ^ UInt64(UInt16(bitPattern: shard.rawValue))) &* 0x100_0000_01b3
    hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
    return hash ^ (hash >> 33)
  }
}
