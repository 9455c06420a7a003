import Testing

@Test func MatchingTestsPlaceholder() { #expect(Bool(true)) }
