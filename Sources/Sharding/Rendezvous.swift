public import Market

/// Which workers a shard would rather go to, the same for everyone who asks: highest random weight.
///
/// Source: D. Thaler, C. Ravishankar, "Using name-based mappings to increase hit rates", 1998.
public enum Rendezvous {
  /// The workers, the shard's favourite first.
  public static func order(of workers: some Swift.Sequence<WorkerID>, for shard: Shard) -> [WorkerID] {
    workers.map { (worker: $0, weight: weight($0, shard)) }
      .sorted { ($0.weight, $1.worker) > ($1.weight, $0.worker) }
      .map(\.worker)
  }

  /// How many of the workers the shard would rather go to than to `worker`.
  public static func rank(of worker: WorkerID, among workers: some Swift.Sequence<WorkerID>, for shard: Shard) -> Int {
    let own = weight(worker, shard)
    return workers.count { $0 != worker && (weight($0, shard), worker) > (own, $0) }
  }

  /// A hash of both names (FNV-1a with a final mix).
  static func weight(_ worker: WorkerID, _ shard: Shard) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in worker.rawValue.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash = (hash ^ UInt64(UInt16(bitPattern: shard.rawValue))) &* 0x100_0000_01b3
    hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
    return hash ^ (hash >> 33)
  }
}
