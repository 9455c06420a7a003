/// What a worker is ready to do.
public enum WorkerState: String, Hashable, Sendable, CaseIterable {
  /// Claims and works shards.
  case active
  /// Cannot work at the moment, and lets its leases go: it does not reach the database, or its lane makes no progress.
  case ailing
  /// Hands its shards over.
  case draining
  /// Has handed all of them over, and takes none until it is told to.
  case drained
}
