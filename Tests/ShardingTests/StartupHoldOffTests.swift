import Testing

@testable import Sharding

@Suite struct StartupHoldOffTests {
  @Test func claimsWaitOnlyWhereNothingElseStands() {
    var patience = StartupHoldOff(wait: .milliseconds(900))
    func allows(_ seen: Int, _ milliseconds: Int) -> Bool {
      patience.allowsClaims(seen: seen, now: .milliseconds(milliseconds))
    }
    #expect(allows(1, 0), "others stand")
    #expect(!allows(0, 100), "all are gone: a wipe?")
    #expect(!allows(0, 999))
    #expect(allows(0, 1_000), "the owners had their time")
    #expect(allows(0, 1_001))
    #expect(allows(3, 1_100))
    #expect(!allows(0, 1_200), "another wipe, another wait")
    #expect(!allows(0, 2_000) && allows(0, 2_100))
  }
}
