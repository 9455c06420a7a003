import Testing

@Test func ShardingTestsPlaceholder() { #expect(Bool(true)) }
