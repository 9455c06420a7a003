import Market
import Ports
import Testing

/// What every `OrderStream` must do, whatever carries it. `make` gives a stream over an empty place of its own.
struct OrderStreamContract: Sendable {
  let make: @Sendable () throws -> any OrderStream

  private let patience = Duration.seconds(5)

  func entriesComeBackAsTheyWerePublishedInOrder() async throws {
    let stream = try make()
    var random = SplitMix(seed: 11)
    let entries = (1...300).map { LogEntry.random(shard: Shard(rawValue: Int16($0 % 3)), sequence: Int64($0), &random) }
    try await stream.publish(entries)
    var positions: [Shard: StreamPosition?] = [
      Shard(rawValue: 0): nil, Shard(rawValue: 1): nil, Shard(rawValue: 2): nil,
    ]
    var seen: [Shard: [LogEntry]] = [:]
    while seen.values.map(\.count).reduce(0, +) < entries.count {
      let batch = try await stream.read(after: positions, limit: 17, wait: patience)
      try #require(!batch.isEmpty)
      for item in batch {
        if case .some(.some(let before)) = positions[item.shard] { #expect(before < item.position) }
        positions[item.shard] = item.position
        seen[item.shard, default: []].append(try #require(item.entry))
      }
    }
    for (shard, found) in seen { #expect(found == entries.filter { $0.shard == shard }) }
  }

  func limitBoundsEachShard() async throws {
    let stream = try make()
    var random = SplitMix(seed: 12)
    try await stream.publish(
      (1...20).map { .random(shard: Shard(rawValue: Int16($0 % 2)), sequence: Int64($0), &random) })
    let batch = try await stream.read(
      after: [Shard(rawValue: 0): nil, Shard(rawValue: 1): nil], limit: 4, wait: patience)
    #expect(batch.filter { $0.shard.rawValue == 0 }.count <= 4 && batch.filter { $0.shard.rawValue == 1 }.count <= 4)
    #expect(!batch.isEmpty)
  }

  func nothingComesFromAnEmptyStream() async throws {
    let stream = try make()
    #expect(try await stream.read(after: [Shard(rawValue: 5): nil], limit: 10, wait: .milliseconds(5)) == [])
    #expect(try await stream.read(after: [Shard(rawValue: 5): nil], limit: 10, wait: .zero) == [])
    #expect(try await stream.read(after: [:], limit: 10, wait: .milliseconds(1)) == [])
    try await stream.publish([])
    try await stream.trim([:])
  }

  func waitingReaderIsWokenByAnEntry() async throws {
    let stream = try make()
    var random = SplitMix(seed: 13)
    let entry = LogEntry.random(shard: Shard(rawValue: 2), sequence: 1, &random)
    async let woken = stream.read(after: [Shard(rawValue: 2): nil], limit: 10, wait: patience)
    try await stream.publish([entry])
    #expect(try await woken.map(\.entry) == [entry])
  }

  func trimmedEntriesAreGoneAndTheRestStays() async throws {
    let stream = try make()
    let shard = Shard(rawValue: 4)
    var random = SplitMix(seed: 14)
    let entries = (1...10).map { LogEntry.random(shard: shard, sequence: Int64($0), &random) }
    try await stream.publish(entries)
    let all = try await stream.read(after: [shard: nil], limit: 100, wait: patience)
    try await stream.trim([shard: all[3].position])
    #expect(
      try await stream.read(after: [shard: nil], limit: 100, wait: patience).map(\.entry) == entries[4...].map { $0 })
    // Repeated and older positions change nothing.
    try await stream.trim([shard: all[3].position])
    try await stream.trim([shard: all[1].position])
    #expect(try await stream.read(after: [shard: nil], limit: 100, wait: patience).count == 6)
    try await stream.trim([shard: all[9].position])
    #expect(try await stream.read(after: [shard: nil], limit: 100, wait: .zero) == [])
    let next = LogEntry.random(shard: shard, sequence: 11, &random)
    try await stream.publish([next])
    #expect(
      try await stream.read(after: [shard: all[9].position], limit: 100, wait: patience).map(\.entry) == [next])
  }
}
