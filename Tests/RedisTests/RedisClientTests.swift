import Redis
import TestKit
import Testing

@Suite struct RedisClientTests {
  @Test func repliesComeInTheOrderOfTheirCommands() async throws {
    let server = try RedisServer()
    let client = RedisClient(RedisSettings(address: server.address, name: "test"))
    let replies = try await client.send((0..<10_000).map { RedisCommand("ECHO", String($0)) })
    #expect(replies.map(\.integer) == (0..<10_000).map { Int64($0) })
  }
}
