import Testing

@Test func RedisStoreTestsPlaceholder() { #expect(Bool(true)) }
