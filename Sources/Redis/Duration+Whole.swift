internal import Lifecycle

extension Duration {
  /// Whole milliseconds, rounded towards zero, but at least one: for commands that take 0 for "no limit" or refuse it.
  package var milliseconds: Int64 { max(1, wholeMilliseconds) }
}
