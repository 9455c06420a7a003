import Market
import Ports
import Redis
import Sharding
import TestKit
import Testing

@testable import RedisStore

@Suite struct RedisLeaseStoreTests {
  let server: RedisServer
  let store: RedisLeaseStore
  let operators: RedisClient

  init() throws {
    server = try RedisServer()
    store = RedisLeaseStore(RedisStoreSettings(address: server.address, name: "w1"))
    operators = RedisClient(RedisSettings(address: server.address, name: "operator"))
  }

  private var contract: LeaseStoreContract { LeaseStoreContract { [store] in store } }

  @Test func oneOwnerAtATime() async throws { try await contract.oneOwnerAtATime() }
  @Test func repeatedAcquireSaysYesAgain() async throws { try await contract.repeatedAcquireSaysYesAgain() }
  @Test func racersGetOneLease() async throws { try await contract.racersGetOneLease() }
  @Test func renewalMovesTheCounterAndSaysTheEpoch() async throws {
    try await contract.renewalMovesTheCounterAndSaysTheEpoch()
  }
  @Test func unrenewedLeaseExpires() async throws { try await contract.unrenewedLeaseExpires() }
  @Test func absentLeaseIsTakenBackByRenewal() async throws { try await contract.absentLeaseIsTakenBackByRenewal() }
  @Test func higherEpochWins() async throws { try await contract.higherEpochWins() }
  @Test func strangerReleasesNothing() async throws { try await contract.strangerReleasesNothing() }
  @Test func heartbeatsAreListedUntilTheyExpireOrLeave() async throws {
    try await contract.heartbeatsAreListedUntilTheyExpireOrLeave()
  }
}
