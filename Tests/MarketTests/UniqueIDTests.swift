import Market
import TestKit
import Testing

@Suite struct UniqueIDTests {
  @Test(arguments: [1, 2] as [UInt64])
  func timeOrderedOnesSortByTheirMicrosecondAndReportIt(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<2_000 {
      let time = Timestamp(rawValue: random.number(0...4_102_444_800_000_000))
      let id = UniqueID.timeOrdered(at: time, random: random.next())
      let later = UniqueID.timeOrdered(at: time.advanced(byMicroseconds: 1), random: random.next())
      #expect(id < later && id.time == time, "seed \(seed): \(id)")
      #expect(id.description < later.description, "text sorts as the number does")
      #expect(UniqueID.lowest(at: time) <= id && id < .lowest(at: time.advanced(byMicroseconds: 1)))
      #expect(id.high >> 12 & 0xF == 7 && id.low >> 62 == 2, "version 7, variant 10")
    }
  }

  @Test(arguments: [1, 2] as [UInt64])
  func everyTextFormIsRead(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<500 {
      let id = UniqueID(high: random.next(), low: random.next())
      let text = id.description
      #expect(text.utf8.count == 36 && text == text.lowercased())
      for form in [text, text.uppercased(), text.filter { $0 != "-" }] { #expect(UniqueID(form) == id, "seed \(seed)") }
    }
    #expect(UniqueID(high: 0x0123_4567_89AB_CDEF, low: 1).description == "01234567-89ab-cdef-0000-000000000001")
  }

  @Test(arguments: [
    "", "0", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
    "01234567-89ab-cdef-0123-456789abcdeg",
    "0123456-789ab-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123456789abcdef0",
    "{1234567-89ab-cdef-0123-456789abcdef",
    "01234567-89ab-cdef-0123-456789abcde-", "00000000-0000-0000-0000-00000000000é",
  ])
  func otherTextsAreNot(_ text: String) { #expect(UniqueID(text) == nil) }

  @Test func otherVersionsReportNoTime() {
    #expect(UniqueID.random(high: .max, low: .max).time == nil)
    #expect(UniqueID(high: 0x7FFF, low: 0).time == nil, "a microsecond of 4095")
  }

  @Test(arguments: [0, 1, 17, 255, Int16.max] as [Int16])
  func anOrderCarriesItsShardAndItsMoment(_ number: Int16) {
    let shard = Shard(rawValue: number)
    let time = Timestamp("2026-01-02T14:30:00.000001Z")!
    for random in [0, 1, UInt64.max, 0xFFFF_0000_FFFF_0000] {
      let id = OrderID.order(submittedAt: time, shard: shard, random: random)
      #expect(id.shard == shard && id.time == time && OrderID(id.description)?.shard == shard)
    }
  }

  @Test func executionsHaveNamesOfTheirOwn() {
    var seen: Set<UniqueID> = []
    var made = 0
    for shard in [0, 1, 255] as [Int16] {
      for sequence in [1, 2, 65_535, 65_536, 1 << 40] as [Int64] {
        for ordinal in [0, 1, 255, 65_536] as [Int32] {
          seen.insert(
            .execution(shard: Shard(rawValue: shard), sequence: Sequence(rawValue: sequence), ordinal: ordinal))
          made += 1
        }
      }
    }
    #expect(seen.count == made)
    #expect(seen.allSatisfy { $0.high >> 12 & 0xF == 8 && $0.low >> 62 == 2 }, "version 8, variant 10")
  }
}
