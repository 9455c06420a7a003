import TestKit
import Testing

@testable import Sharding

@Suite struct MembershipTests {
  private static let worker = WorkerID(rawValue: "w")
  private static let limits = Membership.Limits(leaseLifetime: .milliseconds(1_500))

  /// A membership that has seen the worker beat at zero.
  private static func seen() -> Membership {
    var membership = Membership(limits: limits)
    _ = membership.poll([pollResult(1)], at: .zero)
    return membership
  }

  private static func pollResult(_ beat: UInt64, connected: Bool? = true) -> Membership.PollResult {
    Membership.PollResult(worker: worker, beat: beat, isConnected: connected)
  }

  @Test func whoBeatsIsNeverAsked() {
    var membership = Self.seen()
    for beat in 2...50 as ClosedRange<UInt64> {
      #expect(membership.poll([Self.pollResult(beat)], at: .milliseconds(Int(beat) * 300)).isEmpty)
      #expect(membership.standing(of: Self.worker) == .alive)
    }
  }

  @Test func aBrokenConnectionAndARefusedQuestionAreACrash() {
    var membership = Self.seen()
    #expect(membership.poll([Self.pollResult(1, connected: false)], at: .milliseconds(100)) == [Self.worker])
    membership.answered(Self.worker, .refused, at: .milliseconds(101))
    #expect(membership.standing(of: Self.worker) == .crashed)
  }

  @Test func aWorkerThatOnlyLostItsConnectionIsSpared() {
    var membership = Self.seen()
    #expect(membership.poll([Self.pollResult(1, connected: false)], at: .milliseconds(100)) == [Self.worker])
    membership.answered(Self.worker, .healthy, at: .milliseconds(101))
    #expect(membership.standing(of: Self.worker) == .alive)
    #expect(membership.poll([Self.pollResult(1, connected: false)], at: .milliseconds(200)).isEmpty, "pardoned")
  }

  @Test func aWorkerThatCannotBeAskedCrashesByTwoLooksWithoutConnection() {
    var membership = Self.seen()
    for (poll, expected) in [(1, Membership.Standing.alive), (2, .crashed)] {
      #expect(membership.poll([Self.pollResult(1, connected: false)], at: .milliseconds(100 * poll)) == [Self.worker])
      membership.answered(Self.worker, .unreachable, at: .milliseconds(100 * poll + 1))
      #expect(membership.standing(of: Self.worker) == expected)
    }
  }

  @Test func aSilentWorkerIsAskedThreeTimesBeforeItIsCalledHung() {
    var membership = Self.seen()
    #expect(membership.poll([Self.pollResult(1)], at: .milliseconds(740)).isEmpty)
    for attempt in 1...3 {
      let now = Duration.milliseconds(700 + attempt * 100)
      #expect(membership.poll([Self.pollResult(1)], at: now) == [Self.worker])
      #expect(membership.standing(of: Self.worker) == .suspect)
      #expect(membership.poll([Self.pollResult(1)], at: now).isEmpty, "one question at a time")
      membership.answered(Self.worker, .unwell, at: now)
    }
    #expect(membership.standing(of: Self.worker) == .hung)
    #expect(membership.poll([Self.pollResult(2)], at: .seconds(9)).isEmpty)
    #expect(membership.standing(of: Self.worker) == .alive, "it woke up")
  }

  @Test func aStoppedHeartbeatIsForgivenAsLongAsTheWorkerAnswers() {
    var membership = Self.seen()
    #expect(membership.poll([Self.pollResult(1)], at: .milliseconds(800)) == [Self.worker])
    membership.answered(Self.worker, .healthy, at: .milliseconds(810))
    #expect(membership.standing(of: Self.worker) == .alive)
    #expect(membership.poll([], at: .milliseconds(2_000)).isEmpty)
    #expect(membership.poll([], at: .milliseconds(2_400)) == [Self.worker], "and asked again later")
  }

  @Test func whoeverIsGoneForLongIsForgotten() {
    var membership = Self.seen()
    _ = membership.poll([], at: Self.limits.memory + .seconds(1))
    #expect(membership.standing(of: Self.worker) == nil)
  }

  /// Whatever happens, a worker whose heart beats is alive, and one is only called dead after an answer that was not good.
  @Test(arguments: 1...200 as ClosedRange<UInt64>) func noVerdictWithoutEvidence(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var membership = Membership(limits: Self.limits)
    var beat: UInt64 = 1
    var now = Duration.zero
    var isAsked = false
    var badAnswers = 0
    for _ in 0..<200 {
      now += .milliseconds(Int.random(in: 1...400, using: &random))
      if isAsked, Bool.random(using: &random) {
        let answers: [Membership.Answer] = [.healthy, .unwell, .refused, .unreachable]
        let answer = answers.randomElement(using: &random)!
        badAnswers = answer == .healthy ? 0 : badAnswers + 1
        membership.answered(Self.worker, answer, at: now)
        isAsked = false
      }
      let beats = Int.random(in: 0..<4, using: &random) == 0
      if beats {
        beat += 1
        badAnswers = 0
      }
      let connections: [Bool?] = [true, false, nil]
      let connected = connections.randomElement(using: &random)!
      let asked = membership.poll([Self.pollResult(beat, connected: connected)], at: now)
      #expect(asked.isEmpty || !isAsked, "seed \(seed): never two questions at once")
      isAsked = isAsked || !asked.isEmpty
      let standing = membership.standing(of: Self.worker)
      if beats { #expect(standing == .alive || standing == .suspect, "seed \(seed)") }
      if standing == .crashed || standing == .hung { #expect(badAnswers > 0, "seed \(seed)") }
    }
  }
}
