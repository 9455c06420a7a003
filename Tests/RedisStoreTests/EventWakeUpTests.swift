import Lifecycle
import Market
import Ports
import Redis
import RedisStore
import TestKit
import Testing

@Suite struct EventWakeUpTests {
  private static let accounts = (0..<40).map { AccountNumber(rawValue: 100_000_001 + $0) }

  /// Wake-ups until the follower has heard them all; each round with further ones, as a lost one is never repeated.
  private static func hearsAll(_ wakeUps: any EventWakeUps, _ heard: Lock<Set<AccountNumber>>) async throws {
    heard.withLock { $0 = [] }
    for _ in 0..<400 {
      try? await wakeUps.notify(accounts)
      try await Task.sleep(for: .milliseconds(25))
      if heard.withLock({ $0 }) == Set(accounts) { return }
    }
    Issue.record("not all nudges are heard")
  }

  /// Wake-ups are heard, and heard again after a disturbance.
  static func check(_ settings: RedisStoreSettings, disturb: () async throws -> Void) async throws {
    try await check(RedisEventWakeUps(settings), disturb: disturb)
  }

  static func check(_ wakeUps: any EventWakeUps, disturb: () async throws -> Void) async throws {
    let heard = Lock(Set<AccountNumber>())
    let follower = Task { await wakeUps.follow { accounts in heard.withLock { $0.formUnion(accounts) } } }
    try await hearsAll(wakeUps, heard)
    try await disturb()
    try await hearsAll(wakeUps, heard)
    follower.cancel()
    await follower.value
  }

  @Test func areHeardBeforeAndAfterAWipe() async throws {
    let server = try RedisServer()
    try await Self.check(RedisStoreSettings(address: server.address, name: "test")) {
      _ = try await RedisClient(RedisSettings(address: server.address)).send(RedisCommand("FLUSHALL"))
    }
  }

  @Test func areHeardBeforeAndAfterARestart() async throws {
    let server = try RedisServer()
    try await Self.check(RedisStoreSettings(address: server.address, name: "test")) {
      server.stop()
      try server.start()
    }
  }
}
