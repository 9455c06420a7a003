import Lifecycle
import Market
import Ports
import Redis
import Sharding
import TestKit
import Testing

@testable import RedisStore

/// A single server in trouble: what cannot be done is refused with the server's own word and works again when it is over.
@Suite struct RedisTroubleTests {
  enum Trouble: CaseIterable, Sendable {
    case full, readOnly, hung

    var word: String {
      switch self {
      case .full: "OOM"
      case .readOnly: "READONLY"
      case .hung: "did not answer"
      }
    }
  }

  let server: RedisServer
  let operators: RedisClient
  let shard = Shard(rawValue: 17)

  init() throws {
    server = try RedisServer()
    operators = RedisClient(RedisSettings(address: server.address, name: "operator"))
  }

  private func begin(_ trouble: Trouble) async throws {
    switch trouble {
    case .full: _ = try await operators.send(.words("CONFIG SET maxmemory 1kb"))
    case .readOnly: _ = try await operators.send(.words("REPLICAOF 127.0.0.1 1"))
    case .hung: server.pause()
    }
  }

  private func end(_ trouble: Trouble) async throws {
    switch trouble {
    case .full: _ = try await operators.send(.words("CONFIG SET maxmemory 0"))
    case .readOnly: _ = try await operators.send(.words("REPLICAOF NO ONE"))
    case .hung: server.resume()
    }
  }

  @Test(arguments: Trouble.allCases) func publishingFailsClearlyAndGoesOn(_ trouble: Trouble) async throws {
    var settings = server.settings()
    settings.commandTimeout = .milliseconds(300)
    settings.connectTimeout = .milliseconds(300)
    let stream = RedisOrderStream(settings)
    var random = SplitMix(seed: 3)
    let rows = (1...3).map { LogEntry.random(shard: shard, sequence: $0, &random) }
    // On a busy machine a server may be late without being hung.
    while (try? await stream.publish([rows[0]])) == nil {}
    let published = try await operators.send(.words("XLEN bw:{s17}:orders")).integer ?? 0
    try await begin(trouble)
    let refused = await #expect(throws: StreamError.self) { try await stream.publish([rows[1]]) }
    #expect(refused?.reason.contains(trouble.word) == true, "\(refused?.reason ?? "")")
    for _ in 0..<5 { await #expect(throws: StreamError.self) { try await stream.publish([rows[1]]) } }
    try await end(trouble)
    while (try? await stream.publish([rows[2]])) == nil { try await Task.sleep(for: .milliseconds(5)) }
    let found = try await RedisOrderStream(server.settings()).read(
      after: [shard: nil], limit: 100, wait: .seconds(20))
    #expect(found.count > published && found.last?.entry == rows[2])
    #expect(found.dropFirst(Int(published)).dropLast().allSatisfy { [rows[1], rows[2]].contains($0.entry) })
  }

  @Test(arguments: Trouble.allCases) func leasesComeBack(_ trouble: Trouble) async throws {
    var settings = server.settings()
    settings.commandTimeout = .milliseconds(300)
    settings.connectTimeout = .milliseconds(300)
    let store = RedisLeaseStore(settings)
    let owner = WorkerID(rawValue: "a")
    let renewal = LeaseRenewal(shard: shard, nonce: 1, epoch: Epoch(rawValue: 2), processed: Sequence(rawValue: 9))
    func renew() async throws -> [Shard] { try await store.renew([renewal], owner: owner, lifetime: .seconds(60)) }
    while (try? await renew()) == nil {}
    try await begin(trouble)
    if trouble == .full {
      // Renewals are let through, whatever the memory.
      while (try? await renew()) != [] {}
    } else {
      let refused = await #expect(throws: StreamError.self) { try await renew() }
      #expect(refused?.reason.contains(trouble.word) == true, "\(refused?.reason ?? "")")
    }
    try await end(trouble)
    while (try? await renew()) != [] { try await Task.sleep(for: .milliseconds(5)) }
    #expect(try await RedisLeaseStore(server.settings()).leases(of: [shard])[shard]?.epoch == Epoch(rawValue: 2))
  }

  /// Values that are longer than anything a program writes fill no memory: reading them fails, and takes them away.
  @Test func valuesBeyondMeasureAreTakenAway() async throws {
    var settings = server.settings()
    settings.largestReply = 1 << 20
    let found = Lock<[String]>([])
    settings.damage.hear { key in found.withLock { $0.append(key.key) } }
    let worker = WorkerID(rawValue: "a")
    let beat = Heartbeat(worker: worker, host: "h", pid: 1, version: "1", startedAt: Timestamp(rawValue: 0))
    _ = try await RedisMembership(settings).beat(beat, lifetime: .seconds(60))
    for (key, field) in [
      ("bw:{s17}:lease", "owner"), ("bw:leader", "worker"), ("bw:assignment", "term"), ("bw:worker:a", "host"),
    ] {
      var command = RedisCommand("HSET", key, field)
      command.add(Array(repeating: UInt8(ascii: "7"), count: 3 << 20))
      _ = try await operators.send(command)
    }
    let (leases, leaders, members) = (RedisLeaseStore(settings), RedisLeadership(settings), RedisMembership(settings))
    let refused = await #expect(throws: StreamError.self) { try await leases.leases(of: [shard]) }
    #expect(refused?.reason.contains("sent more than") == true, "\(refused?.reason ?? "")")
    await #expect(throws: StreamError.self) { try await leaders.seat() }
    await #expect(throws: StreamError.self) { try await members.workers() }
    #expect(try await leases.leases(of: [shard]) == [:])
    #expect(try await leaders.seat() == nil)
    #expect(try await leaders.assignment(unless: nil) == nil)
    #expect(try await members.workers() == [])
    #expect(found.withLock { Set($0) } == ["bw:{s17}:lease", "bw:leader", "bw:assignment", "bw:worker:a"])
  }
}
