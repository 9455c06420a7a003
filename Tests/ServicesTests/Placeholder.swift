import Testing

@Test func ServicesTestsPlaceholder() { #expect(Bool(true)) }
