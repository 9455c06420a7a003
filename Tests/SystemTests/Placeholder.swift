import Testing

@Test func SystemTestsPlaceholder() { #expect(Bool(true)) }
