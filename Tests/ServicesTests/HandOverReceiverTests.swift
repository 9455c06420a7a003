import Market
import Ports
import Sharding
import TestKit
import Testing

@testable import Services

/// A worker that asks to be handed a shard and changes its mind takes the request back: an owner that went by it would give the
/// shard to somebody who does not wait for it.
@Suite struct HandOverReceiverTests {
  private let ledger = FakeLedger(shards: [Row.shard])
  private let leases = MemoryLeases()
  private let owner = WorkerID(rawValue: "owner")

  private func receiver() async throws -> HandOverReceiver {
    var settings = ExecutionSettings()
    settings.handOverPoll = .milliseconds(1)
    let lane = ExecutionLane(
      ledger: ledger, stream: FakeStream(), settings: settings, now: { Row.start }, random: { 7 }, report: { _ in })
    _ = try await leases.acquire(Row.shard, owner: owner, nonce: 1, over: nil, lifetime: .seconds(3_600))
    return HandOverReceiver(
      me: WorkerID(rawValue: "me"), ledger: ledger, leases: leases, settings: settings,
      takeOver: ShardTakeOver(
        lane: lane, backoff: ClaimBackoff(settings.reclaim, random: { 7 }), report: { _ in }),
      random: { 7 }, clock: { .zero }, report: { _ in })
  }

  private func successor() async throws -> Successor? {
    try await leases.leases(of: [Row.shard])[Row.shard]?.successor
  }

  @Test(arguments: [false, true]) func whatIsNotWantedAnyMoreIsNotHandedOver(stops: Bool) async throws {
    let receiver = try await receiver()
    async let run: Void = receiver.run()
    await receiver.prepare([Row.shard])
    await eventually("the owner is asked") { (try? await successor()) != nil }
    if stops { await receiver.stop() } else { await receiver.forget(Row.shard) }
    await eventually("the request is taken back") { (try? await successor()) == .some(nil) }
    #expect(await receiver.shards.isEmpty)
    let old = Successor(worker: WorkerID(rawValue: "me"), nonce: 7)
    #expect(try await !leases.handOver(Row.shard, owner: owner, nonce: 1, to: old, lifetime: .seconds(1)))
    await receiver.stop()
    await run
  }
}
