import Testing

@testable import TradingAPI

@Suite struct RandomPoolTests {
  @Test func randomWordsDoNotRepeat() {
    let pool = RandomPool()
    #expect(Set((0..<5000).map { _ in pool.word() }).count == 5000)
  }
}
