import Market
import Ports
import Redis
import Testing

@testable import RedisStore

/// What is believed of a stream entry: what a publisher wrote, where it wrote it.
@Suite struct SignedEntryTests {
  private let shard = Shard(rawValue: 17)
  private let keys = TestKeys.ready([3, 4])

  private func text(_ entry: LogEntry) -> [UInt8] {
    var bytes: [UInt8] = []
    LogEntryText.write(entry, to: &bytes)
    return bytes
  }

  private func signature(_ text: [UInt8], _ shard: Shard, _ sequence: Int64, _ keys: StreamKeys) -> [UInt8] {
    var bytes: [UInt8] = []
    keys.sign(text, at: shard, Sequence(rawValue: sequence), to: &bytes)
    return bytes
  }

  private func read(
    _ text: [UInt8], _ signature: [UInt8]?, at shard: Shard? = nil, sequence: String, _ keys: StreamKeys? = nil
  ) -> StreamEntry? {
    let words: [[UInt8]] = [Array("seq".utf8), Array(sequence.utf8), Array("cmd".utf8), text]
    let fields = words + (signature.map { [Array("mac".utf8), $0] } ?? [])
    let entry = RedisValue.array([.bytes(Array("5-1".utf8)), .array(fields.map { .bytes($0) })])
    let name = Array("stream".utf8)
    return StreamReply.entries(
      .array([.array([.bytes(name), .array([entry])])]), shards: [name: shard ?? self.shard], keys ?? self.keys
    ).first
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>) func aPublishersEntryIsBelieved(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let entry = LogEntry.random(shard: shard, sequence: Int64(seed), &random)
    let text = text(entry)
    let found = read(text, signature(text, shard, Int64(seed), keys), sequence: "\(seed)")
    #expect(found?.entry == entry && found?.refusal == nil)
  }

  @Test func aSignatureNamesTheNewestKey() {
    let text = Array("x".utf8)
    let signed = signature(text, shard, 1, keys)
    #expect(signed.starts(with: Array("4-".utf8)) && signed.count == 34)
    #expect(read(text, signed, sequence: "1", TestKeys.ready([3]))?.refusal == .unknownKey)
    #expect(read(text, signature(text, shard, 1, TestKeys.ready([3])), sequence: "1")?.refusal == .malformed)
  }

  /// Every bit of text, signature, shard and sequence counts.
  @Test(arguments: 1...6 as ClosedRange<UInt64>) func whateverIsChangedIsNotBelieved(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let entry = LogEntry.random(shard: shard, sequence: 9, &random)
    let text = text(entry)
    let signed = signature(text, shard, 9, keys)
    #expect(read(text, signed, sequence: "9")?.entry == entry)
    for place in text.indices {
      var changed = text
      changed[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
      #expect(read(changed, signed, sequence: "9")?.refusal == .wrongSignature)
    }
    for place in signed.indices {
      var changed = signed
      changed[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
      let refusal = read(text, changed, sequence: "9")?.refusal
      #expect(refusal == .wrongSignature || place == 0 && refusal == .unknownKey)
    }
    for sequence in ["8", "10", "90", "\(Int64.max)"] {
      #expect(read(text, signed, sequence: sequence)?.refusal == .wrongSignature)
    }
    #expect(read(text, signed, at: Shard(rawValue: 1), sequence: "9")?.refusal == .wrongSignature)
    #expect(read(text + [0x20], signed, sequence: "9")?.refusal == .wrongSignature)
    #expect(read([], signed, sequence: "9")?.refusal == .wrongSignature)
    // Moving digits between the place and the text makes other bytes.
    #expect(read(Array("9 ".utf8) + text, signed, sequence: "9")?.refusal == .wrongSignature)
  }

  @Test func strangeSignaturesAreRefused() {
    let text = Array("x".utf8)
    let digits = String(repeating: "0", count: 32)
    for signature in [
      "", "4", "4-", "-\(digits)", "4\(digits)", "04-\(digits)", "4-\(digits)0", "4--\(digits)", "+4-\(digits)", digits,
      "0-\(digits)", "-4-\(digits)", "4-\(digits.dropLast())G", "99999999999999999999-\(digits)",
      "4294967300-\(digits)",
      String(repeating: "9", count: 100_000),
    ] {
      #expect(read(text, Array(signature.utf8), sequence: "1")?.refusal == .wrongSignature, "\(signature.prefix(60))")
    }
    #expect(read(text, Array("5-\(digits)".utf8), sequence: "1")?.refusal == .unknownKey)
    #expect(read(text, nil, sequence: "1")?.refusal == .unsigned)
    #expect(read(text, nil, sequence: "x")?.refusal == .malformed)
  }

  /// A row of another shard, signed for this one: no publisher does that.
  @Test func anotherShardsOrderIsNoRowOfThisOne() {
    var random = SplitMix(seed: 3)
    for number: Int64 in 1...20 {
      let text = text(.random(shard: Shard(rawValue: 18), sequence: number, &random))
      let found = read(text, signature(text, shard, number, keys), sequence: "\(number)")
      #expect(found?.refusal == .malformed)
    }
  }
}
