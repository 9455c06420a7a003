import Testing

@Test func KitTestsPlaceholder() { #expect(Bool(true)) }
