import Testing

@Test func PostgresStoreTestsPlaceholder() { #expect(Bool(true)) }
