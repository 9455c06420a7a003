extension Duration {
  /// Whole nanoseconds, rounded towards zero.
  package var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }

  /// Whole milliseconds, rounded towards zero, but at least one: for commands that take 0 for "no limit" or refuse it.
  package var milliseconds: Int64 { max(1, nanoseconds / 1_000_000) }
}
