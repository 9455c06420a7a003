import Testing

@testable import Sharding

@Suite struct LeaderElectionTests {
  private static let me = WorkerID(rawValue: "me")
  private static let other = WorkerID(rawValue: "other")
  private static let mine = Leadership(term: Term(rawValue: 3), nonce: 7)

  private static func seat(_ worker: WorkerID, nonce: UInt64) -> LeaderElection.Seat {
    LeaderElection.Seat(
      worker: worker, nonce: nonce, counter: 1, term: Term(rawValue: 3), remaining: .milliseconds(1_000))
  }

  private static func step(
    _ seat: LeaderElection.Seat?, mine: Leadership? = nil, isEligible: Bool = true,
    standing: Membership.Standing? = .alive
  ) -> LeaderElection.Step {
    var election = LeaderElection(longestWait: .seconds(1))
    return election.step(seat: seat, me: me, mine: mine, isEligible: isEligible, standing: standing, now: .zero)
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

  @Test func anothersSeatIsTakenAtOnceOnlyWhenItsProcessIsGone() {
    let seat = Self.seat(Self.other, nonce: 9)
    for standing in [nil, .alive, .suspect, .hung] as [Membership.Standing?] {
      #expect(Self.step(seat, standing: standing) == .follow)
    }
    #expect(Self.step(seat, standing: .crashed) == .campaign(over: seat))
    #expect(Self.step(seat, isEligible: false, standing: .crashed) == .follow)
  }

  @Test func whoWasElectedContestsASeatThatNamesAnother() {
    let seat = Self.seat(Self.other, nonce: 9)
    for standing in [nil, .alive, .suspect, .hung, .crashed] as [Membership.Standing?] {
      #expect(Self.step(seat, mine: Self.mine, standing: standing) == .contest(Self.mine, over: seat))
    }
    #expect(Self.step(seat, mine: Self.mine, isEligible: false) == .follow)
  }

  /// A seat that was written by hand may last for as long as it likes: it counts for a lifetime.
  @Test func aSeatOfNobodyIsTakenWhenItHasStoodStillForALifetime() {
    for standing in [nil, .hung] as [Membership.Standing?] {
      var election = LeaderElection(longestWait: .seconds(1))
      func step(_ seat: LeaderElection.Seat, _ now: Duration) -> LeaderElection.Step {
        election.step(seat: seat, me: Self.me, mine: nil, isEligible: true, standing: standing, now: now)
      }
      var seat = Self.seat(Self.other, nonce: 9)
      #expect(step(seat, .zero) == .follow)
      #expect(step(seat, .seconds(1)) == .follow)
      seat.counter += 1
      #expect(step(seat, .milliseconds(1_100)) == .follow, "it was renewed")
      #expect(step(seat, .milliseconds(2_100)) == .follow)
      #expect(step(seat, .milliseconds(2_101)) == .campaign(over: seat))
    }
    #expect(Self.step(Self.seat(Self.other, nonce: 9), standing: .alive) == .follow)
  }
}
