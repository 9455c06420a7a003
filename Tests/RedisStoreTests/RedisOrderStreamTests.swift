import Market
import Ports
import Redis
import Sharding
import TestKit
import Testing

@testable import RedisStore

@Suite struct RedisOrderStreamTests {
  let server: RedisServer
  let stream: RedisOrderStream
  let operators: RedisClient
  let shard = Shard(rawValue: 17)
  let key = "bw:{s17}:orders"
  let patience = Duration.seconds(20)

  init() throws {
    server = try RedisServer()
    stream = RedisOrderStream(server.settings())
    operators = RedisClient(RedisSettings(address: server.address, name: "operator"))
  }

  private var contract: OrderStreamContract { OrderStreamContract { [stream] in stream } }

  @Test func entriesComeBackAsTheyWerePublishedInOrder() async throws {
    try await contract.entriesComeBackAsTheyWerePublishedInOrder()
  }
  @Test func limitBoundsEachShard() async throws { try await contract.limitBoundsEachShard() }
  @Test func nothingComesFromAnEmptyStream() async throws { try await contract.nothingComesFromAnEmptyStream() }
  @Test func waitingReaderIsWokenByAnEntry() async throws { try await contract.waitingReaderIsWokenByAnEntry() }
  @Test func trimmedEntriesAreGoneAndTheRestStays() async throws {
    try await contract.trimmedEntriesAreGoneAndTheRestStays()
  }

  private func entries(_ sequences: ClosedRange<Int64>) -> [LogEntry] {
    var random = SplitMix(seed: UInt64(sequences.lowerBound))
    return sequences.map { .random(shard: shard, sequence: $0, &random) }
  }

  private func add(at id: String, _ entry: LogEntry) async throws {
    var (text, signature): ([UInt8], [UInt8]) = ([], [])
    LogEntryText.write(entry, to: &text)
    TestKeys.ready().sign(text, at: shard, entry.sequence, to: &signature)
    var command = RedisCommand("XADD", key, id, "seq", String(entry.sequence.rawValue), "cmd")
    command.add(text)
    command.add("mac")
    command.add(signature)
    _ = try await operators.send(command)
  }

  @Test func batchGoesToItsShardsInOnePipelineAndIsReadable() async throws {
    let placed = entries(1...1)[0]
    try await stream.publish([placed])
    let reply = try await operators.send(RedisCommand("XRANGE", key, "-", "+"))
    let fields = try #require(reply.array?.first?.array?.last?.array).map(\.text)
    var line: [UInt8] = []
    LogEntryText.write(placed, to: &line)
    #expect(fields.prefix(5) == ["seq", "1", "cmd", String(decoding: line, as: UTF8.self), "mac"])
    #expect(fields.count == 6 && fields[5]?.count == 34 && fields[5]?.hasPrefix("1-") == true)
  }

  @Test func anotherShardsEntryHasAPlaceButNoMeaning() async throws {
    var random = SplitMix(seed: 5)
    for number: Int64 in 1...20 {
      try await add(at: "\(number)-0", .random(shard: Shard(rawValue: 18), sequence: number, &random))
    }
    let found = try await stream.read(after: [shard: nil], limit: 100, wait: patience)
    #expect(found.count == 20)
    #expect(found.allSatisfy { $0.entry == nil })
  }

  @Test func forgedEntriesHaveAPlaceButNoMeaning() async throws {
    let good = entries(1...1)[0]
    var line: [UInt8] = []
    LogEntryText.write(good, to: &line)
    let text = String(decoding: line, as: UTF8.self)
    let forged: [[String]] = [
      ["seq", "0", "cmd", text], ["seq", "01", "cmd", text], ["seq", "x", "cmd", text],
      ["seq", "1", "cmd", "nonsense"],
      ["cmd", text, "seq", "1"], ["seq", "1"], ["seq", "1", "cmd", text, "more", "x"], ["a", "b"],
      ["seq", "1", "cmd", ""], ["", "", "", ""], ["seq", "1", "cmd", text], ["seq", "1", "cmd", text, "mac", ""],
      ["seq", "1", "cmd", text, "mac", "1-" + String(repeating: "0", count: 32)],
    ]
    for fields in forged {
      var command = RedisCommand("XADD", key, "*")
      for field in fields { command.add(field) }
      _ = try await operators.send(command)
    }
    try await stream.publish([good])
    let found = try await stream.read(after: [shard: nil], limit: 100, wait: patience)
    #expect(found.map(\.entry) == forged.map { _ in nil } + [good])
  }

  /// What Redis itself may do with a good entry: give it another number, another text, another shard.
  @Test func aGoodEntryElsewhereIsRefused() async throws {
    let good = entries(5...5)[0]
    try await stream.publish([good])
    for script in [
      "redis.call('XADD', KEYS[1], '*', f[1], '6', f[3], f[4], f[5], f[6])",
      "redis.call('XADD', KEYS[1], '*', f[1], f[2], f[3], f[4] .. '1', f[5], f[6])",
      "redis.call('XADD', KEYS[1], '*', f[1], f[2], f[3], f[4])",
      "redis.call('XADD', KEYS[1], '*', f[1], f[2], f[3], f[4], f[5], '2' .. string.sub(f[6], 2))",
      "redis.call('XADD', 'bw:{s18}:orders', '*', unpack(f))",
      "redis.call('XADD', KEYS[1], '*', unpack(f))",
    ] {
      let source = "local f = redis.call('XRANGE', KEYS[1], '-', '+')[1][2] " + script
      _ = try await operators.send(RedisCommand("EVAL", source, "1", key))
    }
    let found = try await stream.read(after: [shard: nil], limit: 100, wait: patience)
    #expect(found.map(\.refusal) == [nil, .wrongSignature, .wrongSignature, .unsigned, .unknownKey, nil])
    #expect(found.compactMap(\.entry) == [good, good], "the same again is a duplicate")
    let other = try await stream.read(after: [Shard(rawValue: 18): nil], limit: 100, wait: patience)
    #expect(other.map(\.refusal) == [.wrongSignature])
  }

  /// Publishers take a new key when they look, readers when they meet it; the old one is good until it is ended.
  @Test func aKeyIsRotatedWithoutAnEntryLost() async throws {
    let keys = TestKeys([1])
    let publisher = RedisOrderStream(
      server.settings(), keyring: StreamKeyring(keys, period: .zero, searchPause: .zero) { _ in })
    let reader = RedisOrderStream(
      server.settings(), keyring: StreamKeyring(keys, period: .seconds(600), searchPause: .zero) { _ in })
    var position: StreamPosition?
    var signers: Set<String> = []
    var next: Int64 = 1
    func pass() async throws {
      let sent = entries(next...(next + 2))
      next += 3
      try await publisher.publish(sent)
      let found = try await reader.read(after: [shard: position], limit: 100, wait: patience)
      #expect(found.map(\.entry) == sent && found.allSatisfy { $0.refusal == nil })
      position = found.last?.position
      let last = try await operators.send(RedisCommand("XREVRANGE", key, "+", "-", "COUNT", "1"))
      signers.insert(String(last.array?[0].array?[1].array?[5].text?.prefix { $0 != "-" } ?? ""))
    }
    try await pass()
    keys.set([1, 2])
    while !signers.contains("2") { try await pass() }
    keys.set([2, 3])
    while !signers.contains("3") { try await pass() }
    #expect(signers == ["1", "2", "3"])
    // What was signed under an ended key is not believed any more.
    keys.set([3])
    let late = RedisOrderStream(server.settings(), keyring: StreamKeyring(keys) { _ in })
    let all = try await late.read(after: [shard: nil], limit: 1000, wait: patience)
    #expect(all.first?.refusal == .unknownKey && all.last?.refusal == nil)
  }

  @Test func withoutKeysNothingIsPublishedOrRead() async throws {
    let keys = TestKeys([])
    let stream = RedisOrderStream(
      server.settings(), keyring: StreamKeyring(keys, period: .zero, searchPause: .zero) { _ in })
    await #expect(throws: StreamError.self) { try await stream.publish(entries(1...1)) }
    await #expect(throws: StreamError.self) { try await stream.read(after: [shard: nil], limit: 1, wait: .zero) }
    keys.set([1])
    try await stream.publish(entries(1...1))
    #expect(try await stream.read(after: [shard: nil], limit: 1, wait: patience).first?.refusal == nil)
  }

  @Test func whatIsDiscardedIsGoneAndTheStreamGoesOn() async throws {
    try await stream.publish(entries(1...5))
    let position = try await stream.read(after: [shard: nil], limit: 3, wait: patience).last?.position
    try await stream.discard([shard, Shard(rawValue: 99)])
    #expect(try await stream.read(after: [shard: position], limit: 10, wait: .milliseconds(1)) == [])
    let new = entries(6...7)
    try await stream.publish(new)
    let found = try await stream.read(after: [shard: position], limit: 10, wait: patience)
    #expect(found.map(\.entry) == new, "ids go on: the reader stands where it stood")
  }

  @Test func whatIsForgottenIsGoneWhateverItIs() async throws {
    try await stream.publish(entries(1...5))
    _ = try await operators.send(RedisCommand("SET", "bw:{s18}:orders", "x"))
    _ = try await operators.send(RedisCommand("SET", "bw:{s17}:md", "nonce"))
    _ = try await operators.send(RedisCommand("SET", "bw:{s17}:lease", "stays"))
    let shards = [shard, Shard(rawValue: 18), Shard(rawValue: 19)]
    #expect(try await RedisRestoration(server.settings()).forget(shards) == 5)
    let left = try await operators.send(RedisCommand("KEYS", "*"))
    #expect(left.array?.map(\.text) == ["bw:{s17}:lease"])
  }

  @Test func streamIsBounded() async throws {
    var settings = server.settings()
    settings.streamLength = 100
    settings.pipelineLength = 7
    try await RedisOrderStream(settings).publish(entries(1...2000))
    let length = try await operators.send(RedisCommand("XLEN", key)).integer ?? 0
    #expect((100...300).contains(length))
  }

  @Test func idsThatRunBackwardsAfterAWipeAreFoundByAWaitingReader() async throws {
    let old = entries(1...3)
    for (index, entry) in old.enumerated() { try await add(at: "9999999999999-\(index)", entry) }
    let before = try await stream.read(after: [shard: nil], limit: 10, wait: patience)
    #expect(before.map(\.entry) == old)
    let position = before[2].position
    async let waiting = stream.read(after: [shard: position], limit: 10, wait: patience)
    _ = try await operators.send(RedisCommand("FLUSHALL"))
    let new = entries(4...9)
    try await stream.publish(new)
    // The blocked reader may have been woken by the first entries of the new stream alone.
    var found = try await waiting
    while found.count < new.count {
      let more = try await stream.read(after: [shard: found.last?.position ?? position], limit: 10, wait: patience)
      try #require(!more.isEmpty)
      found += more
    }
    #expect(found.map(\.entry) == new)
    #expect(try await stream.read(after: [shard: found[5].position], limit: 10, wait: .zero) == [])
  }

  @Test func readerWhoseStreamEndsBelowItStartsOver() async throws {
    try await add(at: "9999999999999-0", entries(1...1)[0])
    let position = try #require(try await stream.read(after: [shard: nil], limit: 10, wait: patience).last?.position)
    _ = try await operators.send(RedisCommand("DEL", key))
    #expect(try await stream.read(after: [shard: position], limit: 10, wait: .milliseconds(1)) == [])
    // A trim from before the wipe must not take what is new.
    try await stream.trim([shard: position])
    let new = entries(2...4)
    try await stream.publish(new)
    try await stream.trim([shard: position])
    let found = try await stream.read(after: [shard: position], limit: 2, wait: patience)
    #expect(found.map(\.entry) == Array(new[..<2]))
    #expect(
      try await stream.read(after: [shard: found[1].position], limit: 2, wait: patience).map(\.entry) == [new[2]])
  }

  @Test func readerSurvivesARestartIntoNothing() async throws {
    try await add(at: "9999999999999-0", entries(1...1)[0])
    let position = try #require(try await stream.read(after: [shard: nil], limit: 10, wait: patience).last?.position)
    let new = entries(2...5)
    async let found = { () async throws -> [StreamEntry] in
      while true {
        do {
          let batch = try await stream.read(after: [shard: position], limit: 10, wait: .milliseconds(300))
          if !batch.isEmpty { return batch }
        } catch is StreamError {}
      }
    }()
    try await Task.sleep(for: .milliseconds(50))
    try server.restartEmpty()
    try await stream.publish(new)
    #expect(try await found.first?.entry == new[0])
  }

  @Test func failedReadsArePaced() async throws {
    server.stop()
    let clock = ContinuousClock()
    let start = clock.now
    for _ in 0..<10 {
      await #expect(throws: StreamError.self) {
        try await stream.read(after: [shard: nil], limit: 10, wait: .milliseconds(50))
      }
    }
    #expect(clock.now - start >= .milliseconds(200))
  }

  @Test func publishingIsNotDelayedByAWaitingReader() async throws {
    let readers = (0..<6).map { _ in
      Task { try await stream.read(after: [Shard(rawValue: 99): nil], limit: 1, wait: .seconds(30)) }
    }
    try await stream.publish(entries(1...1))
    #expect(try await stream.read(after: [shard: nil], limit: 1, wait: patience).count == 1)
    for reader in readers { reader.cancel() }
    for reader in readers { #expect(try await reader.value == []) }
  }

  private func lag() async throws -> Int64? {
    try await operators.send(RedisCommand("XINFO", "GROUPS", key)).array?.first?["lag"]?.integer
  }

  private func length() async throws -> Int64? { try await operators.send(RedisCommand("XLEN", key)).integer }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func lagIsExactlyWhatIsNotTrimmed(seed: UInt64) async throws {
    var random = SplitMix(seed: seed)
    var positions = [StreamPosition(milliseconds: 1, counter: 0)]
    var reached = positions[0]
    var published: Int64 = 0
    for _ in 0..<60 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5:
        let count = Int64.random(in: 1...30, using: &random)
        try await stream.publish(entries((published + 1)...(published + count)))
        published += count
        let new = try await stream.read(after: [shard: positions.last], limit: 1000, wait: patience)
        positions += new.map(\.position)
      case 5..<9:
        // Repeated, out of order, far behind: whatever comes.
        let settled = positions.randomElement(using: &random)!
        reached = max(reached, settled)
        try await stream.trim([shard: settled])
        #expect(try await lag() == length())
        #expect(try await length() == Int64(positions.filter { $0 > reached }.count))
      default:
        if Bool.random(using: &random) { continue }
        _ = try await operators.send(RedisCommand("FLUSHALL"))
        positions = [StreamPosition(milliseconds: 1, counter: 0)]
        reached = positions[0]
      }
    }
    try await stream.trim([shard: positions.last!])
    #expect(try await lag() == 0)
    try await stream.publish(entries(9001...9005))
    #expect(try await lag() == 5)
  }

  @Test func trimGoesOverManyShardsAndNeedsNoStream() async throws {
    var random = SplitMix(seed: 5)
    let shards = (0..<64).map { Shard(rawValue: $0) }
    try await stream.publish(
      shards.flatMap { shard in (1...3).map { .random(shard: shard, sequence: $0, &random) } })
    let found = try await stream.read(
      after: Dictionary(uniqueKeysWithValues: shards.map { ($0, nil) }), limit: 10, wait: patience)
    var settled = Dictionary(found.map { ($0.shard, $0.position) }, uniquingKeysWith: { first, _ in first })
    settled[Shard(rawValue: 64)] = StreamPosition(milliseconds: 5, counter: 5)
    try await stream.trim(settled)
    for shard in shards + [Shard(rawValue: 64)] {
      let groups = try await operators.send(RedisCommand("XINFO", "GROUPS", Keys.orders(shard)))
      #expect(groups.array?.first?["lag"]?.integer == (shard.rawValue == 64 ? 0 : 2))
    }
  }
}

extension RedisServer {
  func settings(_ name: String = "w1") -> RedisStoreSettings {
    var settings = RedisStoreSettings(address: address, name: name)
    // Tests share two cores with a compiler.
    settings.commandTimeout = .seconds(20)
    settings.connectTimeout = .seconds(20)
    return settings
  }
}
