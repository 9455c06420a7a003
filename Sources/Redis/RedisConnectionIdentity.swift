/// Which connection of which run of which server: no other ever bears the same.
public struct RedisConnectionIdentity: Hashable, Sendable {
  /// The server's `run_id`, new whenever it starts.
  public let server: String
  /// The connection's number in the server's `CLIENT LIST`, never given out again while that server runs.
  public let client: Int64
}

/// The `run_id` in a reply of `INFO server`.
func runID(_ information: String) -> String? {
  for line in information.split(whereSeparator: \.isNewline) where line.hasPrefix("run_id:") {
    return String(line.dropFirst("run_id:".count))
  }
  return nil
}
