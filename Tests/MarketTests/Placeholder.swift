import Testing

@Test func MarketTestsPlaceholder() { #expect(Bool(true)) }
