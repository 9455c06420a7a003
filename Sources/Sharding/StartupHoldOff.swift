/// When free leases may be taken: at once as long as others stand; where all have vanished together, Redis may have been
/// wiped, and the owners get time to take theirs back.
public struct StartupHoldOff: Sendable {
  /// How long owners get.
  public let wait: Duration
  private var bareSince: Duration?

  /// Makes a patience.
  public init(wait: Duration) { self.wait = wait }

  /// Whether free leases may be taken at `now`, when this many workers other than oneself and leases are seen.
  public mutating func allowsClaims(seen: Int, now: Duration) -> Bool {
    guard seen == 0 else {
      bareSince = nil
      return true
    }
    let since = bareSince ?? now
    bareSince = since
    return now - since >= wait
  }
}
