import Testing

@testable import Redis

@Suite struct MasterSightingTests {
  private func sighting(_ port: Int, _ epoch: Int64?) -> MasterSighting {
    MasterSighting(endpoint: .tcp(host: "h", port: port), epoch: epoch)
  }

  @Test func answersAreRead() throws {
    let address = RedisValue.array([.text("10.0.0.1"), .text("6380")])
    let details = RedisValue.array([.text("name"), .text("m"), .text("config-epoch"), .text("7")])
    let endpoint = RedisEndpoint.tcp(host: "10.0.0.1", port: 6380)
    #expect(try MasterSighting([address, details]) == MasterSighting(endpoint: endpoint, epoch: 7))
    let forbidden = RedisValue.refusal(RedisRefusal(reply: "NOPERM no"))
    #expect(try MasterSighting([address, forbidden]) == MasterSighting(endpoint: endpoint, epoch: nil))
    #expect(try MasterSighting([.null, forbidden]) == nil)
    for odd in [RedisValue.integer(1), .array([.text("h")]), .array([.text("h"), .text("x")]), forbidden] {
      #expect(throws: RedisError.self) { try MasterSighting([odd, details]) }
    }
  }

  @Test func anotherMasterOfTheSameOrALaterConfigurationReplacesTheCurrentOne() {
    let current = sighting(1, 5)
    #expect(sighting(2, 6).replaces(current))
    #expect(sighting(2, 5).replaces(current))
    #expect(sighting(2, nil).replaces(current))
    #expect(!sighting(2, 4).replaces(current))
    #expect(!sighting(1, 6).replaces(current))
    #expect(sighting(2, 4).replaces(sighting(1, nil)))
  }
}
