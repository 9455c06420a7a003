import MessagePack
import TestKit
import Testing

@Suite struct MessagePackTests {
  /// The bytes are those of the format's description.
  @Test func valuesHaveTheDocumentedForm() {
    var writer = MessagePackWriter()
    writer.beginMap(2)
    writer.string(plain: "T")
    writer.string("q")
    writer.string("t")
    writer.timestamp(microseconds: 1_500_000)
    #expect(
      writer.bytes == [
        0x82, 0xA1, 0x54, 0xA1, 0x71, 0xA1, 0x74, 0xD7, 0xFF, 0x77, 0x35, 0x94, 0x00, 0x00, 0x00, 0x00, 0x01,
      ])
    var whole = MessagePackWriter()
    whole.timestamp(microseconds: 1_764_000_000_000_000)
    #expect(whole.bytes == [0xD6, 0xFF, 0x69, 0x24, 0x81, 0x00])
    var before = MessagePackWriter()
    before.timestamp(microseconds: -1)
    #expect(before.bytes == [0xC7, 12, 0xFF, 0x3B, 0x9A, 0xC6, 0x18] + [UInt8](repeating: 0xFF, count: 8))
    var double = MessagePackWriter()
    double.double(100.05)
    #expect(MessagePackValue(double.bytes) == .double(100.05))
  }

  private func write(_ value: MessagePackValue, _ writer: inout MessagePackWriter) {
    switch value {
    case .null: writer.null()
    case .bool(let flag): writer.bool(flag)
    case .integer(let number): writer.integer(number)
    case .double(let number): writer.double(number)
    case .string(let text): writer.string(text)
    case .array(let elements):
      writer.beginArray(elements.count)
      for element in elements { write(element, &writer) }
    case .map(let pairs):
      writer.beginMap(pairs.count)
      for pair in pairs {
        write(pair.key, &writer)
        write(pair.value, &writer)
      }
    case .binary, .other: writer.null()
    }
  }

  private func random(_ random: inout SeededRandom, depth: Int = 0) -> MessagePackValue {
    switch random.number(0...(depth < 4 ? 6 : 4)) {
    case 0: return .null
    case 1: return .bool(random.oneIn(2))
    case 2: return .integer(Int64(bitPattern: random.next()) >> Int64(random.number(0...63)))
    case 3: return .double(Double(random.number(-1_000_000...1_000_000)) / 64)
    case 4: return .string(String(repeating: random.oneIn(2) ? "a" : "ü", count: random.number(0...70)))
    case 5: return .array((0..<random.number(0...20)).map { _ in self.random(&random, depth: depth + 1) })
    default:
      return .map(
        (0..<random.number(0...20)).map { index in
          .init(key: .string("k\(index)"), value: self.random(&random, depth: depth + 1))
        })
    }
  }

  /// What the library writes is read back; cut off or with a byte too many it is nothing; spoiled it does no harm.
  @Test(arguments: 1...20 as ClosedRange<UInt64>) func whatIsWrittenIsReadBack(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<40 {
      let value = self.random(&random)
      var writer = MessagePackWriter()
      write(value, &writer)
      #expect(MessagePackValue(writer.bytes) == value, "seed \(seed)")
      #expect(MessagePackValue(writer.bytes.dropLast()) == nil && MessagePackValue(writer.bytes + [0xC0]) == nil)
      var spoiled = writer.bytes
      spoiled[random.number(0...spoiled.count - 1)] = UInt8(truncatingIfNeeded: random.next())
      _ = MessagePackValue(spoiled)
    }
  }

  /// Any bytes are one value or none, and reading them ends.
  @Test func anyBytesAreReadOrNothing() {
    var (random, seed) = SeededRandom.fuzzing("MessagePack")
    var read = 0
    for _ in 0..<20_000 {
      var bytes: [UInt8]
      if random.oneIn(2) {
        var writer = MessagePackWriter()
        write(self.random(&random, depth: 2), &writer)
        bytes = random.spoil(
          writer.bytes, odd: [0x80, 0x8F, 0x9F, 0xBF, 0xC1, 0xC4, 0xC9, 0xD3, 0xD9, 0xDB, 0xDD, 0xDF, 0xFF])
      } else {
        bytes = (0..<random.number(0...24)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      }
      if MessagePackValue(bytes) != nil {
        read += 1
        #expect(MessagePackValue(bytes + [0xC0]) == nil, "seed \(seed): \(bytes)")
      }
    }
    #expect(read > 100, "the mix is rich, seed \(seed)")
  }

  @Test(arguments: [
    [], [0xC1], [0xDD, 0xFF, 0xFF, 0xFF, 0xFF], [0xDF, 0xFF, 0xFF, 0xFF, 0xFF], [0xDB, 0xFF, 0xFF, 0xFF, 0xFF],
    [0xA1, 0xFF], [0xCF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [UInt8](repeating: 0x91, count: 100_000),
  ])
  func badBytesAreNothing(bytes: [UInt8]) { #expect(MessagePackValue(bytes) == nil) }
}

extension MessagePackValue {
  fileprivate init?(_ bytes: ArraySlice<UInt8>) { self.init(Array(bytes)) }
}
