import Testing

@Test func HTTPTestsPlaceholder() { #expect(Bool(true)) }
