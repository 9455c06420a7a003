import Lifecycle
import Market
import Ports
import Services
import Sharding
import Testing

private let first = WorkerID(rawValue: "a")
private let second = WorkerID(rawValue: "b")

private func record(_ shard: Int16, claimedBy: WorkerID?, lag: Int64 = 0, processed: Int64 = 0) -> ShardRecord {
  ShardRecord(
    shard: Shard(rawValue: shard), claimedBy: claimedBy, epoch: Epoch(rawValue: 1),
    lag: ShardLag(last: Sequence(rawValue: processed + lag), processed: Sequence(rawValue: processed)), symbols: [])
}

private func lease(_ owner: WorkerID) -> Lease {
  Lease(owner: owner, nonce: 1, counter: 1, epoch: Epoch(rawValue: 1), remaining: .milliseconds(500))
}

private func worker(_ id: WorkerID, _ state: WorkerState = .active) -> Heartbeat {
  Heartbeat(worker: id, host: "h", pid: 1, version: "1", startedAt: Timestamp(rawValue: 0), state: state)
}

struct FleetStatusTests {
  @Test func theLeaseSaysWhoWorksAndTheLedgerWhoClaimed() {
    let leases = FleetLeases(
      leases: [Shard(rawValue: 0): lease(first), Shard(rawValue: 1): lease(second)],
      workers: [worker(second), worker(first)])
    let fleet = FleetStatus(
      records: [record(0, claimedBy: first), record(1, claimedBy: first), record(2, claimedBy: first)],
      leases: .success(leases))
    #expect(fleet.shards.map(\.state) == [.owned, .claiming, .free])
    #expect(fleet.shards.map(\.owner) == [first, second, nil])
    #expect(fleet.workers.map(\.worker) == [first, second])
    #expect(fleet.redisFault == nil)
  }

  @Test func withoutRedisTheLedgersOwnersAreShownAsUnknown() {
    let fleet = FleetStatus(
      records: [record(0, claimedBy: first), record(1, claimedBy: nil)], leases: .failure(StreamError(reason: "gone")))
    #expect(fleet.redisFault == "gone")
    #expect(fleet.shards.map(\.state) == [.unknown, .unknown])
    #expect(fleet.shards.map(\.owner) == [first, nil])
    #expect(fleet.workers.isEmpty && fleet.demand.wanted == 1)
  }

  @Test func ratesAreMeasuredBetweenTwoLooks() async throws {
    let ledger = FakeShards()
    let time = Lock<Int64>(0)
    let away = MemoryLeases()
    await away.fail("none here")
    let inquiry = FleetInquiry(
      shards: ledger, leases: away, members: away, leaders: away,
      now: { Timestamp(rawValue: time.withLock { $0 }) })
    ledger.processed.withLock { $0 = 100 }
    #expect(try await inquiry.fleet().shards.map(\.ordersPerSecond) == [nil])
    time.withLock { $0 = 2_000_000 }
    ledger.processed.withLock { $0 = 700 }
    #expect(try await inquiry.fleet().shards.map(\.ordersPerSecond) == [300])
    #expect(try await inquiry.fleet().redisFault == "none here")
  }
}

private final class FakeShards: ShardReader {
  let processed = Lock<Int64>(0)

  func shards() async throws(StoreError) -> [ShardRecord] {
    [record(0, claimedBy: first, processed: processed.withLock { $0 })]
  }
}
