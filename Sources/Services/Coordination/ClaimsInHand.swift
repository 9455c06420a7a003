internal import Market
internal import Ports
internal import Sharding

/// Shards that a worker has claimed and whose books it is still reading.
struct ClaimsInHand: Sendable {
  private struct Claim: Sendable {
    var ownership: Ownership
    var reading: Task<Void, Never>?
    /// Whether the book has been read and is just taken into work.
    var isAdopting = false
  }

  /// By the claims' nonces.
  private var claims: [UInt64: Claim] = [:]
  private var isStopped = false

  var shards: Set<Shard> { Set(claims.values.map(\.ownership.shard)) }
  var renewals: [LeaseRenewal] { claims.values.map(\.ownership.renewal) }

  /// Begins to hold a claim.
  mutating func add(_ ownership: Ownership) { claims[ownership.nonce] = Claim(ownership: ownership) }

  /// Names who reads its book; the claim may have come to its end already.
  mutating func begin(_ nonce: UInt64, _ reading: Task<Void, Never>) { claims[nonce]?.reading = reading }

  /// Whether the shard may be taken into work.
  mutating func adopt(_ nonce: UInt64) -> Bool {
    guard !isStopped, claims[nonce] != nil else { return false }
    claims[nonce]?.isAdopting = true
    return true
  }

  /// Ends a claim; whether it was still held.
  mutating func end(_ nonce: UInt64) -> Bool { claims.removeValue(forKey: nonce) != nil }

  /// Lets go of what is not read yet, for good.
  /// - Returns: That, and who is just taking shards into work.
  mutating func stop() -> (unread: [Ownership], adopting: [Task<Void, Never>]) {
    isStopped = true
    let unread = claims.values.filter { !$0.isAdopting }.map(\.ownership)
    claims = claims.filter { $0.value.isAdopting }
    return (unread, claims.values.compactMap(\.reading))
  }
}

extension Ownership {
  /// What renews its lease.
  var renewal: LeaseRenewal {
    LeaseRenewal(shard: shard, nonce: nonce, epoch: epoch, processed: processed)
  }
}
