import Redis
import Testing

@Suite struct ReconnectBackoffTests {
  @Test func waitsGrowToTheCeilingAndKeepAtLeastHalf() {
    let backoff = ReconnectBackoff()
    #expect(backoff.delay(afterFailures: 0, random: 99) == .zero)
    for failures in 1...1000 {
      let full = min(backoff.base * (1 << min(failures - 1, 10)), backoff.ceiling)
      for random in [0, 1, 511, 512, 1023, UInt64.max] {
        let delay = backoff.delay(afterFailures: failures, random: random)
        #expect(delay >= full / 2 && delay < full)
      }
    }
  }

  @Test func chanceSpreadsClients() {
    let delays = Set((0..<100).map { ReconnectBackoff().delay(afterFailures: 9, random: $0 &* 7919) })
    #expect(delays.count == 100)
  }
}
