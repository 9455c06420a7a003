/// What a worker is ready to do.
public enum WorkerState: String, Hashable, Sendable, CaseIterable {
  /// Claims and works shards.
  case active
  /// Hands its shards over.
  case draining
  /// Has handed all of them over, and takes none until it is told to.
  case drained
}
