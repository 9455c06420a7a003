import Lifecycle
import Market
import Testing

@testable import Services

struct ClaimBackoffTests {
  private let shards = (0..<2 as Range<Int16>).map { Shard(rawValue: $0) }
  /// Longer than any test.
  private let backoff = Backoff(base: .seconds(3_600), ceiling: .seconds(360_000))

  @Test func pausesDoubleAndAreEachShardsOwn() {
    let claims = ClaimBackoff(backoff, random: { .max })
    #expect(claims.resting == [])
    for failure in 1...10 {
      let pause = claims.failed(shards[0])
      #expect(pause <= backoff.bound(afterFailures: failure) && pause >= backoff.bound(afterFailures: failure) / 2)
      #expect(claims.resting == [shards[0]])
    }
    #expect(claims.failed(shards[1]) <= backoff.base)
    #expect(claims.resting == Set(shards))
  }

  @Test func aShardThatWasTakenOverBeginsAnew() {
    let claims = ClaimBackoff(backoff, random: { 0 })
    for _ in 1...5 { claims.failed(shards[0]) }
    claims.recovered(shards[0])
    #expect(claims.resting == [])
    #expect(claims.failed(shards[0]) <= backoff.base)
  }

  @Test func aPauseEnds() {
    let claims = ClaimBackoff(Backoff(base: .zero, ceiling: .zero), random: { 0 })
    claims.failed(shards[0])
    #expect(claims.resting == [])
  }
}
