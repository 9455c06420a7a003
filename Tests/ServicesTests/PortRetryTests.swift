import Lifecycle
import Market
import Ports
import Testing

@testable import Services

@Suite struct PortRetryTests {
  private let clock = ContinuousClock()

  @Test func pausesGrowAndAreNeverNothing() {
    let backoff = Backoff(base: .milliseconds(10), ceiling: .milliseconds(500))
    var retry = PortRetry(backoff)
    let now = clock.now
    #expect(!retry.isResting(now: now))
    for failures in 1...20 {
      let pause = retry.failed(now: now, random: .random(in: 0 ... .max))
      let bound = backoff.bound(afterFailures: failures)
      #expect(pause >= bound / 2 && pause <= bound)
      #expect(retry.isResting(now: now))
      #expect(!retry.isResting(now: now.advanced(by: pause)))
    }
    retry.succeeded()
    #expect(!retry.isResting(now: now) && retry.failures == 0)
  }

  @Test func everyFailureIsReportedAndTheFirstSuccessBehindThem() async {
    let reported = Lock<[String]>([])
    let troubles = PortTroubles { trouble in
      reported.withLock {
        switch trouble {
        case .failed(let use, let shard, let error):
          $0.append("\(use) \(shard.map(\.description) ?? "-") \(error.causeWord)")
        case .over(let use, let shard, let failures): $0.append("\(use) \(shard.map(\.description) ?? "-") \(failures)")
        }
      }
    }
    let shard = Shard(rawValue: 3)
    troubles.succeeded(.log, of: shard)
    troubles.failed(.log, of: shard, StoreError.unavailable(.schema, reason: "gone"))
    troubles.failed(.log, of: shard, StoreError.outcomeUnknown)
    troubles.failed(.lags, StreamError(reason: "away"))
    troubles.succeeded(.log)
    troubles.succeeded(.log, of: shard)
    troubles.succeeded(.log, of: shard)
    let nothing = await troubles.attempt(.trimming) { () async throws(StreamError) -> Int in
      throw StreamError(reason: "")
    }
    #expect(nothing == nil)
    #expect(await troubles.attempt(.trimming) { () async throws(StreamError) in 7 } == 7)
    #expect(
      reported.withLock { $0 } == [
        "log 3 schema", "log 3 outcome_unknown", "lags - redis", "log 3 2", "trimming - redis", "trimming - 1",
      ])
  }
}
