import Market
import Ports
import Testing

@testable import Services

/// When a shard is worked command by command, and when a command is given up: lists of what happened → what is done.
struct QuarantinePolicyTests {
  private let settings: ExecutionSettings = {
    var settings = ExecutionSettings()
    settings.batchLimit = 10
    settings.quarantineRun = 2
    return settings
  }()
  private let start = ContinuousClock().now

  private func at(_ number: Int64) -> Sequence { Sequence(rawValue: number) }

  private func quarantinePolicy(
    claims: Int = 0, tries: Int = 0, reason: String? = nil, suspected: Int64? = nil, last: Int64 = 100, after: Int64 = 0
  ) -> QuarantinePolicy {
    QuarantinePolicy(
      ShardAttempts(last: at(last), claims: claims, tries: tries, reason: reason), after: at(after),
      suspected: suspected.map { at($0) }, settings: settings)
  }

  @Test func shardsAreWorkedInBatchesUnlessSomethingIsKnownAgainstThem() {
    #expect(quarantinePolicy().step(after: at(0), now: start) == .batch)
    #expect(quarantinePolicy(claims: 1).step(after: at(0), now: start) == .batch)
    #expect(quarantinePolicy(claims: 2).step(after: at(0), now: start) == .attempt)
    #expect(quarantinePolicy(tries: 1).step(after: at(0), now: start) == .attempt)
    #expect(quarantinePolicy(suspected: 4).step(after: at(0), now: start) == .attempt)
    #expect(quarantinePolicy(suspected: 4).step(after: at(4), now: start) == .batch, "somebody settled these meanwhile")
  }

  @Test func cautionEndsBehindEveryCommandThatMayBeToBlame() {
    // The owner before had at most a batch in hand, and nothing that was not in the log.
    let long = quarantinePolicy(claims: 2, after: 5)
    let short = quarantinePolicy(claims: 2, last: 7, after: 5)
    let own = quarantinePolicy(suspected: 40, after: 5)
    for (quarantinePolicy, end) in [(long, 15), (short, 7), (own, 40)] as [(QuarantinePolicy, Int64)] {
      for cursor in 5..<end { #expect(quarantinePolicy.step(after: at(cursor), now: start) == .attempt) }
      #expect(quarantinePolicy.step(after: at(end), now: start) == .batch)
    }
  }

  @Test func aCommandThatFailedOftenEnoughIsSetAsideWithTheLedgersReason() {
    var quarantinePolicy = quarantinePolicy(suspected: 3)
    var now = start
    for tries in 1...3 {
      #expect(quarantinePolicy.step(after: at(0), now: now) == .attempt)
      quarantinePolicy.failed(at(1), tries: tries, reason: "no \(tries)", now: now, random: 0)
      #expect(quarantinePolicy.step(after: at(0), now: now) == .rest)
      now += settings.retryCeiling
    }
    #expect(quarantinePolicy.step(after: at(0), now: now) == .quarantine(QuarantineReason(reason: "no 3", tries: 3)))
    quarantinePolicy.quarantined(now: now)
    #expect(quarantinePolicy.step(after: at(1), now: now) == .attempt, "what is known is known of that command alone")
  }

  @Test func aCommandThatWorkersDiedOfIsSetAsideWithoutAnotherTry() {
    #expect(quarantinePolicy(claims: 4, tries: 2).step(after: at(0), now: start) == .attempt)
    #expect(
      quarantinePolicy(claims: 5, tries: 3).step(after: at(0), now: start)
        == .quarantine(QuarantineReason(reason: "the worker died 3 times while carrying it out", tries: 3)))
    #expect(
      quarantinePolicy(claims: 5, tries: 3, reason: "said another").step(after: at(0), now: start)
        == .quarantine(QuarantineReason(reason: "said another", tries: 3)))
  }

  @Test func outagesMakeItWaitAndAreHeldAgainstNobody() {
    var quarantinePolicy = quarantinePolicy(suspected: 3)
    for outage in 1...50 {
      quarantinePolicy.delayed(now: start, random: .max)
      #expect(
        quarantinePolicy.step(after: at(0), now: start + settings.retryCeiling + .milliseconds(1)) == .attempt,
        "outage \(outage)")
    }
    quarantinePolicy.delayed(now: start, random: 400_000)
    #expect(quarantinePolicy.step(after: at(0), now: start) == .rest)
  }

  /// When everything fails, the fault is hardly the commands': then one goes at a time, with pauses.
  @Test func manyInARowAreSetAsideSlowly() {
    var quarantinePolicy = quarantinePolicy(suspected: 50)
    func fail(_ sequence: Int64, _ now: ContinuousClock.Instant) -> QuarantinePolicy.Step {
      quarantinePolicy.failed(at(sequence), tries: 3, reason: "no", now: now - settings.retryCeiling, random: 0)
      return quarantinePolicy.step(after: at(sequence - 1), now: now)
    }
    let aside = QuarantinePolicy.Step.quarantine(QuarantineReason(reason: "no", tries: 3))
    for sequence in 1...2 as ClosedRange<Int64> {
      #expect(fail(sequence, start) == aside)
      quarantinePolicy.quarantined(now: start)
    }
    #expect(fail(3, start) == .rest)
    let later = start + settings.quarantinePause
    #expect(fail(3, later) == aside)
    quarantinePolicy.quarantined(now: later)
    #expect(fail(4, later) == .rest)
    quarantinePolicy.settled()
    #expect(fail(5, later) == aside, "one that settles shows that not everything fails")
  }
}
