import Market
import Ports
import Sharding
import Testing

/// What every `LeaseStore` must do, whatever keeps the leases. `make` gives a store over an empty place of its own.
struct LeaseStoreContract: Sendable {
  let make: @Sendable () throws -> any LeaseStore

  private let shard = Shard(rawValue: 3)
  private let other = Shard(rawValue: 4)
  private let a = WorkerID(rawValue: "host-1-a")
  private let b = WorkerID(rawValue: "host-2-b")
  /// Longer than any test takes.
  private let long = Duration.seconds(60)

  func oneOwnerAtATime() async throws {
    let store = try make()
    #expect(try await store.leases(of: [shard, other]) == [:])
    #expect(try await store.acquire(shard, owner: a, nonce: 1, lifetime: long))
    #expect(try await !store.acquire(shard, owner: b, nonce: 2, lifetime: long))
    #expect(try await !store.acquire(shard, owner: a, nonce: 3, lifetime: long))
    let lease = try #require(try await store.leases(of: [shard, other])[shard])
    #expect(lease.owner == a && lease.nonce == 1 && lease.epoch == Epoch(rawValue: 0))
    #expect((.milliseconds(1)...(.seconds(60))).contains(lease.remaining))
    #expect(try await store.acquire(other, owner: b, nonce: 2, lifetime: long))
  }

  func repeatedAcquireSaysYesAgain() async throws {
    let store = try make()
    #expect(try await store.acquire(shard, owner: a, nonce: .max, lifetime: long))
    #expect(try await store.acquire(shard, owner: a, nonce: .max, lifetime: long))
    #expect(try await store.leases(of: [shard])[shard]?.nonce == .max)
  }

  func racersGetOneLease() async throws {
    let store = try make()
    let won = try await withThrowingTaskGroup(of: Bool.self) { group in
      for racer in 1...20 {
        group.addTask {
          try await store.acquire(
            shard, owner: WorkerID(rawValue: "racer-\(racer)"), nonce: UInt64(racer), lifetime: long)
        }
      }
      return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(won == 1)
  }

  func renewalMovesTheCounterAndSaysTheEpoch() async throws {
    let store = try make()
    _ = try await store.acquire(shard, owner: a, nonce: 1, lifetime: long)
    let before = try #require(try await store.leases(of: [shard])[shard])
    #expect(try await store.renew([renewal(shard, 1, epoch: 7)], owner: a, lifetime: long) == [])
    let after = try #require(try await store.leases(of: [shard])[shard])
    #expect(after.counter == before.counter + 1 && after.epoch == Epoch(rawValue: 7) && after.nonce == 1)
  }

  func unrenewedLeaseExpires() async throws {
    let store = try make()
    #expect(try await store.acquire(shard, owner: a, nonce: 1, lifetime: .milliseconds(30)))
    while try await !store.acquire(shard, owner: b, nonce: 2, lifetime: long) {
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(try await store.renew([renewal(shard, 1, epoch: 0)], owner: a, lifetime: long) == [shard])
    #expect(try await store.leases(of: [shard])[shard]?.owner == b)
  }

  func absentLeaseIsTakenBackByRenewal() async throws {
    let store = try make()
    #expect(
      try await store.renew([renewal(shard, 1, epoch: 5), renewal(other, 2, epoch: 6)], owner: a, lifetime: long) == [])
    let leases = try await store.leases(of: [shard, other])
    #expect(leases[shard]?.nonce == 1 && leases[other]?.epoch == Epoch(rawValue: 6))
  }

  func higherEpochWins() async throws {
    let store = try make()
    #expect(try await store.renew([renewal(shard, 1, epoch: 5)], owner: a, lifetime: long) == [])
    #expect(try await store.renew([renewal(shard, 2, epoch: 4)], owner: b, lifetime: long) == [shard])
    #expect(try await store.renew([renewal(shard, 2, epoch: 5)], owner: b, lifetime: long) == [shard])
    #expect(try await store.leases(of: [shard])[shard]?.owner == a)
    #expect(try await store.renew([renewal(shard, 2, epoch: 6)], owner: b, lifetime: long) == [])
    #expect(try await store.leases(of: [shard])[shard]?.owner == b)
    #expect(try await store.renew([renewal(shard, 1, epoch: 5)], owner: a, lifetime: long) == [shard])
  }

  func strangerReleasesNothing() async throws {
    let store = try make()
    _ = try await store.acquire(shard, owner: a, nonce: 1, lifetime: long)
    try await store.release(shard, nonce: 2)
    try await store.release(other, nonce: 1)
    #expect(try await store.leases(of: [shard])[shard]?.owner == a)
    try await store.release(shard, nonce: 1)
    try await store.release(shard, nonce: 1)
    #expect(try await store.leases(of: [shard]) == [:])
    #expect(try await store.acquire(shard, owner: b, nonce: 2, lifetime: long))
  }

  func aLeaseIsTakenOverOnlyAsItWasSeen() async throws {
    let store = try make()
    _ = try await store.acquire(shard, owner: a, nonce: 1, lifetime: long)
    let seen = try #require(try await store.leases(of: [shard])[shard])
    _ = try await store.renew([renewal(shard, 1, epoch: 1)], owner: a, lifetime: long)
    #expect(try await !store.acquire(shard, owner: b, nonce: 2, over: seen, lifetime: long), "it was renewed since")
    let again = try #require(try await store.leases(of: [shard])[shard])
    #expect(try await store.acquire(shard, owner: b, nonce: 2, over: again, lifetime: long))
    #expect(try await store.leases(of: [shard])[shard]?.owner == b)
    #expect(try await store.acquire(shard, owner: b, nonce: 2, over: again, lifetime: long), "a repeated call")
    #expect(try await !store.acquire(shard, owner: a, nonce: 3, over: again, lifetime: long), "a late rival")
  }

  func aLeaseIsHandedOnlyToWhoAskedLast() async throws {
    let store = try make()
    let successor = Successor(worker: b, nonce: 2)
    #expect(try await !store.request(shard, for: successor), "nobody holds it")
    _ = try await store.renew([renewal(shard, 1, epoch: 7)], owner: a, lifetime: long)
    #expect(try await !store.request(shard, for: Successor(worker: a, nonce: 5)), "who holds it need not ask")
    #expect(try await !store.handOver(shard, owner: a, nonce: 1, to: successor, lifetime: long), "nobody asked")
    #expect(try await store.request(shard, for: successor))
    _ = try await store.renew([renewal(shard, 1, epoch: 7)], owner: a, lifetime: long)
    #expect(try await store.leases(of: [shard])[shard]?.successor == successor, "a renewal keeps the request")
    #expect(
      try await !store.handOver(shard, owner: a, nonce: 9, to: successor, lifetime: long), "not the owner's claim")
    for _ in 0..<2 {
      #expect(try await store.handOver(shard, owner: a, nonce: 1, to: successor, lifetime: long))
    }
    let lease = try #require(try await store.leases(of: [shard])[shard])
    #expect(lease.owner == b && lease.nonce == 2 && lease.successor == nil)
    #expect(try await store.renew([renewal(shard, 1, epoch: 7)], owner: a, lifetime: long) == [shard])
    #expect(try await store.renew([renewal(shard, 2, epoch: 8)], owner: b, lifetime: long) == [])
  }

  func whoDoesNotWantALeaseAnyMoreIsNotHandedIt() async throws {
    let store = try make()
    let successor = Successor(worker: b, nonce: 2)
    _ = try await store.renew([renewal(shard, 1, epoch: 7)], owner: a, lifetime: long)
    #expect(try await store.request(shard, for: successor))
    try await store.release(shard, nonce: 9)
    #expect(try await store.leases(of: [shard])[shard]?.successor == successor, "another's claim")
    try await store.release(shard, nonce: 2)
    let lease = try #require(try await store.leases(of: [shard])[shard])
    #expect(lease.owner == a && lease.nonce == 1 && lease.successor == nil)
    #expect(try await !store.handOver(shard, owner: a, nonce: 1, to: successor, lifetime: long))
    #expect(try await store.request(shard, for: successor), "it may ask again")
    #expect(try await store.handOver(shard, owner: a, nonce: 1, to: successor, lifetime: long))
  }

  private func renewal(_ shard: Shard, _ nonce: UInt64, epoch: Int64) -> LeaseRenewal {
    LeaseRenewal(shard: shard, nonce: nonce, epoch: Epoch(rawValue: epoch), processed: Sequence(rawValue: 9))
  }
}
