import Testing

@Test func AccountingTestsPlaceholder() { #expect(Bool(true)) }
