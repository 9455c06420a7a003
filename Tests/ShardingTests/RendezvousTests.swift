import Market
import Testing

@testable import Sharding

@Suite struct RendezvousTests {
  private static let workers = (0..<8).map { WorkerID(rawValue: "host-\($0)-abc") }

  @Test func rankAndOrderAgree() {
    for shard in (0..<200 as Range<Int16>).map(Shard.init(rawValue:)) {
      let order = Rendezvous.order(of: Self.workers, for: shard)
      #expect(Set(order) == Set(Self.workers))
      for (place, worker) in order.enumerated() {
        #expect(Rendezvous.rank(of: worker, among: Self.workers, for: shard) == place)
      }
    }
  }

  @Test func favouritesSpreadEvenlyAndLosingOneMovesOnlyItsShards() {
    let shards = (0..<2_000 as Range<Int16>).map(Shard.init(rawValue:))
    let favourites = shards.map { Rendezvous.order(of: Self.workers, for: $0)[0] }
    for worker in Self.workers {
      let count = favourites.count { $0 == worker }
      #expect((175...325).contains(count), "\(worker) is the favourite of \(count) of 2000")
    }
    let rest = Array(Self.workers.dropFirst())
    for (shard, favourite) in zip(shards, favourites) where favourite != Self.workers[0] {
      #expect(Rendezvous.order(of: rest, for: shard)[0] == favourite)
    }
  }
}
