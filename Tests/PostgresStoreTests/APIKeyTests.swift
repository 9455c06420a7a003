import Testing

@testable import PostgresStore

struct APIKeyTests {
  @Test func keysAreDrawnEvenlyFromTheirAlphabet() {
    var counts: [Character: Int] = [:]
    for _ in 0..<2000 { for letter in APIKey.random().secret { counts[letter, default: 0] += 1 } }
    #expect(counts.count == 62)
    // 80,000 letters: 1290 each; six standard deviations are 216.
    #expect(counts.values.allSatisfy { abs($0 - 1290) < 216 })
  }
}
