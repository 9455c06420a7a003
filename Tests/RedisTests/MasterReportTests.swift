import Testing

@testable import Redis

@Suite struct MasterReportTests {
  private func masterReport(_ port: Int, _ epoch: Int64?) -> MasterReport {
    MasterReport(endpoint: .tcp(host: "h", port: port), epoch: epoch)
  }

  @Test func answersAreRead() throws {
    let address = RedisValue.array([.text("10.0.0.1"), .text("6380")])
    let details = RedisValue.array([.text("name"), .text("m"), .text("config-epoch"), .text("7")])
    let endpoint = RedisEndpoint.tcp(host: "10.0.0.1", port: 6380)
    #expect(try MasterReport([address, details]) == MasterReport(endpoint: endpoint, epoch: 7))
    let forbidden = RedisValue.refusal(RedisRefusal(reply: "NOPERM no"))
    #expect(try MasterReport([address, forbidden]) == MasterReport(endpoint: endpoint, epoch: nil))
    #expect(try MasterReport([.null, forbidden]) == nil)
    for odd in [RedisValue.integer(1), .array([.text("h")]), .array([.text("h"), .text("x")]), forbidden] {
      #expect(throws: RedisError.self) { try MasterReport([odd, details]) }
    }
  }

  @Test func anotherMasterOfTheSameOrALaterConfigurationReplacesTheCurrentOne() {
    let current = masterReport(1, 5)
    #expect(masterReport(2, 6).replaces(current))
    #expect(masterReport(2, 5).replaces(current))
    #expect(masterReport(2, nil).replaces(current))
    #expect(!masterReport(2, 4).replaces(current))
    #expect(!masterReport(1, 6).replaces(current))
    #expect(masterReport(2, 4).replaces(masterReport(1, nil)))
  }
}
