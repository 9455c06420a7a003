/// Notices that a lease is not renewed: on the watcher's own clock, whatever the lease says of its end.
///
/// A lease that was written by hand, or whose expiry somebody has changed, may last for as long as it likes.
struct Standstill: Sendable {
  private var nonce: UInt64
  private var counter: UInt64
  private var since: Duration

  /// Sees a lease for the first time at `now`.
  init(nonce: UInt64, counter: UInt64, now: Duration) {
    self.nonce = nonce
    self.counter = counter
    since = now
  }

  /// Sees a lease at `now`.
  /// - Returns: How long it has been as it is.
  mutating func see(nonce: UInt64, counter: UInt64, now: Duration) -> Duration {
    if nonce != self.nonce || counter != self.counter { self = Standstill(nonce: nonce, counter: counter, now: now) }
    return now - since
  }
}
