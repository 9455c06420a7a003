import Testing

@testable import Sharding

@Suite struct LeaderElectionTests {
  private static let me = WorkerID(rawValue: "me")
  private static let other = WorkerID(rawValue: "other")
  private static let mine = Leadership(term: Term(rawValue: 3), nonce: 7)

  private static func seat(_ worker: WorkerID, nonce: UInt64) -> LeaderElection.Seat {
    LeaderElection.Seat(
      worker: worker, nonce: nonce, counter: 1, term: Term(rawValue: 3), remainingMilliseconds: 1_000)
  }

  private static func step(
    _ seat: LeaderElection.Seat?, mine: Leadership? = nil, isEligible: Bool = true,
    standing: Membership.Standing? = .alive
  ) -> LeaderElection.Step {
    LeaderElection.step(seat: seat, me: me, mine: mine, isEligible: isEligible, standing: standing)
  }

  @Test func aFreeSeatIsCampaignedFor() { #expect(Self.step(nil) == .campaign(over: nil)) }

  @Test func aSeatThatAWipeLostIsStillItsLeaders() { #expect(Self.step(nil, mine: Self.mine) == .lead(Self.mine)) }

  @Test func whoDrainsNeitherCampaignsNorLeads() {
    #expect(Self.step(nil, isEligible: false) == .follow)
    #expect(Self.step(nil, mine: Self.mine, isEligible: false) == .follow)
    #expect(Self.step(Self.seat(Self.me, nonce: 7), mine: Self.mine, isEligible: false) == .resign(nonce: 7))
  }

  @Test func theHolderLeadsOnlyByItsOwnElection() {
    #expect(Self.step(Self.seat(Self.me, nonce: 7), mine: Self.mine) == .lead(Self.mine))
    #expect(Self.step(Self.seat(Self.me, nonce: 8), mine: Self.mine) == .resign(nonce: 8))
    #expect(Self.step(Self.seat(Self.me, nonce: 7)) == .resign(nonce: 7))
  }

  @Test func anothersSeatIsTakenOnlyWhenItsProcessIsGone() {
    let seat = Self.seat(Self.other, nonce: 9)
    for standing in [nil, .alive, .suspect, .hung] as [Membership.Standing?] {
      #expect(Self.step(seat, mine: Self.mine, standing: standing) == .follow)
    }
    #expect(Self.step(seat, standing: .crashed) == .campaign(over: seat))
    #expect(Self.step(seat, isEligible: false, standing: .crashed) == .follow)
  }
}
