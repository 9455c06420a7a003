import Testing

@Test func RedisTestsPlaceholder() { #expect(Bool(true)) }
