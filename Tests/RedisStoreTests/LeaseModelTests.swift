import Market
import Ports
import Redis
import Sharding
import TestKit
import Testing

@testable import RedisStore

/// What the lease scripts do, said once more in Swift.
private struct LeaseModel {
  struct Held: Equatable {
    var owner: WorkerID
    var nonce: UInt64
    var counter: UInt64
    var epoch: Int64
    var successor: Successor?
  }

  var held: Held?

  mutating func acquire(_ owner: WorkerID, _ nonce: UInt64, over seen: Lease?) -> Bool {
    if let held {
      if held.owner == owner, held.nonce == nonce { return true }
      guard let seen, seen.nonce == held.nonce, seen.counter == held.counter else { return false }
    }
    held = Held(owner: owner, nonce: nonce, counter: 1, epoch: 0)
    return true
  }

  mutating func renew(_ owner: WorkerID, _ nonce: UInt64, epoch: Int64) -> Bool {
    if let held, held.owner == owner, held.nonce == nonce {
      (self.held!.counter, self.held!.epoch) = (held.counter + 1, epoch)
      return true
    }
    if let held, held.epoch >= epoch { return false }
    held = Held(owner: owner, nonce: nonce, counter: 1, epoch: epoch)
    return true
  }

  mutating func request(_ successor: Successor) -> Bool {
    guard let held, held.owner != successor.worker else { return false }
    self.held!.successor = successor
    return true
  }

  mutating func handOver(_ owner: WorkerID, _ nonce: UInt64, to successor: Successor) -> Bool {
    guard let held else { return false }
    if held.owner == successor.worker, held.nonce == successor.nonce { return true }
    guard held.owner == owner, held.nonce == nonce, held.successor == successor else { return false }
    self.held = Held(owner: successor.worker, nonce: successor.nonce, counter: 1, epoch: held.epoch)
    return true
  }

  mutating func release(_ nonce: UInt64) {
    if held?.nonce == nonce { held = nil }
  }
}

@Suite struct LeaseModelTests {
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func leasesDoAsTheModelDoes(seed: UInt64) async throws {
    let server = try RedisServer()
    let store = RedisLeaseStore(server.settings())
    let operators = server.settings().client(for: "operator")
    let shards = [Shard(rawValue: 0), Shard(rawValue: 1)]
    var models = [LeaseModel(), LeaseModel()]
    var random = SplitMix(seed: seed)
    var seen: Lease?
    for step in 0..<2_000 {
      let index = Int.random(in: 0...1, using: &random)
      let owner = WorkerID(rawValue: "w\(Int.random(in: 0..<3, using: &random))")
      let nonce = UInt64.random(in: UInt64.max - 2...UInt64.max, using: &random)
      let epoch = Int64.random(in: 0..<4, using: &random)
      let successor = Successor(
        worker: WorkerID(rawValue: "w\(Int.random(in: 0..<3, using: &random))"),
        nonce: UInt64.random(in: UInt64.max - 2...UInt64.max, using: &random))
      if Bool.random(using: &random) { seen = try await store.leases(of: [shards[index]])[shards[index]] }
      switch Int.random(in: 0..<28, using: &random) {
      case 0..<6:
        let over = Bool.random(using: &random) ? seen : nil
        let won = try await store.acquire(
          shards[index], owner: owner, nonce: nonce, over: over, lifetime: .seconds(600))
        #expect(won == models[index].acquire(owner, nonce, over: over), "step \(step)")
      case 20..<24:
        let asked = try await store.request(shards[index], for: successor)
        #expect(asked == models[index].request(successor), "step \(step)")
      case 24..<28:
        let isHanded = try await store.handOver(
          shards[index], owner: owner, nonce: nonce, to: successor, lifetime: .seconds(600))
        #expect(isHanded == models[index].handOver(owner, nonce, to: successor), "step \(step)")
      case 6..<15:
        let both = Bool.random(using: &random) ? [0, 1] : [index]
        let lost = try await store.renew(
          both.map {
            LeaseRenewal(
              shard: shards[$0], nonce: nonce, epoch: Epoch(rawValue: epoch), processed: Sequence(rawValue: 1))
          }, owner: owner, lifetime: .seconds(600))
        let expected = both.filter { !models[$0].renew(owner, nonce, epoch: epoch) }
        #expect(lost == expected.map { shards[$0] }, "step \(step)")
      case 15..<19:
        try await store.release(shards[index], nonce: nonce)
        models[index].release(nonce)
      default:
        _ = try await operators.send(["FLUSHALL", "SCRIPT FLUSH"].map { .words($0) })
        models = [LeaseModel(), LeaseModel()]
      }
      let leases = try await store.leases(of: shards)
      for (shard, model) in zip(shards, models) {
        let held = leases[shard].map {
          LeaseModel.Held(
            owner: $0.owner, nonce: $0.nonce, counter: $0.counter, epoch: $0.epoch.rawValue,
            successor: $0.successor)
        }
        #expect(held == model.held, "step \(step)")
      }
    }
  }
}
