import Market
import Ports
import Redis
import Sharding
import TestKit
import Testing

@testable import RedisStore

@Suite struct RedisOrderStreamTests {
  let server: RedisServer
  let stream: RedisOrderStream
  let operators: RedisClient
  let shard = Shard(rawValue: 17)

  init() throws {
    server = try RedisServer()
    stream = RedisOrderStream(RedisStoreSettings(address: server.address, name: "w1"))
    operators = RedisClient(RedisSettings(address: server.address, name: "operator"))
  }

  private var contract: OrderStreamContract { OrderStreamContract { stream } }

  @Test func entriesComeBackAsTheyWerePublishedInOrder() async throws {
    try await contract.entriesComeBackAsTheyWerePublishedInOrder()
  }
  @Test func limitBoundsEachShard() async throws { try await contract.limitBoundsEachShard() }
  @Test func nothingComesFromAnEmptyStream() async throws { try await contract.nothingComesFromAnEmptyStream() }
  @Test func waitingReaderIsWokenByAnEntry() async throws { try await contract.waitingReaderIsWokenByAnEntry() }
  @Test func trimmedEntriesAreGoneAndTheRestStays() async throws {
    try await contract.trimmedEntriesAreGoneAndTheRestStays()
  }
}
