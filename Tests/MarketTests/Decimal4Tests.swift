import Market
import TestKit
import Testing

@Suite struct Decimal4Tests {
  @Test(
    arguments: [
      ("0", 0), ("-0", 0), ("0.0000", 0), ("0e99", 0), ("00007", 70_000), ("10.0", 100_000), ("5e0", 50_000),
      ("+5", 50_000), ("1E2", 1_000_000), ("1.5e+1", 150_000), ("1e-04", 1), ("12.3456", 123_456), ("-0.5", -5_000),
      ("100.05000000000000000000", 1_000_500), ("0.00000000000000000000000001e26", 10_000),
      ("100000000000000000000000000e-26", 10_000),
      ("922337203685477.5807", Int64.max), ("-922337203685477.5808", Int64.min), ("9223372036854775807e-4", Int64.max),
    ] as [(String, Int64)])
  func everyNotationIsReadExactly(_ text: String, _ value: Int64) throws {
    #expect(try Decimal4.scaled(text, fractionDigits: 4) == value)
    #expect(Decimal4.parse(text) == value)
  }

  @Test(
    arguments: [
      ("", .malformed), ("NaN", .malformed), ("inf", .malformed), ("0x10", .malformed), (".5", .malformed),
      ("5.", .malformed), ("-", .malformed), ("--1", .malformed), ("+-1", .malformed), ("1e", .malformed),
      ("1e+", .malformed), ("1e1.5", .malformed), ("1 ", .malformed), (" 1", .malformed), ("1,000", .malformed),
      ("1_000", .malformed), ("1.2.3", .malformed), ("١", .malformed), ("1\u{0}", .malformed),
      ("1e-05", .tooFine), ("0.00001", .tooFine), ("1.00005", .tooFine), ("1e-99999999999999999999999", .tooFine),
      ("1e+16", .outOfRange), ("1e99999999999999999999999", .outOfRange), ("922337203685477.5808", .outOfRange),
      ("-922337203685477.5809", .outOfRange), ("99999999999999999999999999999999", .outOfRange),
    ] as [(String, Decimal4.Refusal)])
  func whatIsNotExactIsRefusedWithItsReason(_ text: String, _ refusal: Decimal4.Refusal) {
    #expect(throws: refusal) { try Decimal4.scaled(text, fractionDigits: 4) }
    #expect(Decimal4.parse(text) == nil)
  }

  @Test func textsOfSixtyFourBytesAreReadAndLongerOnesNot() {
    let longest = String(repeating: "0", count: 63) + "7"
    #expect(Decimal4.parse(longest) == 70_000)
    #expect(throws: Decimal4.Refusal.malformed) { try Decimal4.scaled("0" + longest, fractionDigits: 4) }
  }

  @Test(
    arguments: [
      (0, "0"), (1, "0.0001"), (-1, "-0.0001"), (10_000, "1"), (5_000, "0.5"), (1_000_500, "100.05"),
      (-123_456, "-12.3456"), (100, "0.01"), (Int64.max, "922337203685477.5807"), (Int64.min, "-922337203685477.5808"),
    ] as [(Int64, String)])
  func printedPlainWithoutTrailingZeros(_ value: Int64, _ text: String) { #expect(Decimal4.format(value) == text) }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func printingAndReadingGoRoundInEveryNotation(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<3_000 {
      // All magnitudes alike: a random number of random bits.
      let value = Int64(bitPattern: random.next()) >> random.number(0...63)
      let text = Decimal4.format(value)
      #expect(Decimal4.parse(text) == value, "seed \(seed): \(value)")
      #expect(Money(text)?.description == text && Price(text)?.rawValue == value, "seed \(seed): \(text)")
      // The same number with its point moved and the exponent saying so.
      let shift = random.number(-20...20)
      let digits = String(value.magnitude)
      let sign = value < 0 ? "-" : ""
      let zeros = String(repeating: "0", count: abs(shift))
      let moved =
        shift >= 0 ? "\(sign)\(digits)\(zeros)e\(-4 - shift)" : "\(sign)0.\(zeros)\(digits)e\(digits.count - shift - 4)"
      #expect(Decimal4.parse(moved) == value, "seed \(seed): \(moved)")
    }
  }

  @Test func quantitiesAreWholeInAnyNotation() {
    #expect(Quantity("10")?.rawValue == 10)
    #expect(Quantity("10.0")?.rawValue == 10)
    #expect(Quantity("1e7") == .maximum)
    #expect(Quantity("-3")?.rawValue == -3)
    #expect(Quantity("9223372036854775807")?.rawValue == .max)
    for text in ["10.5", "1e-1", "9223372036854775808", "ten", ""] { #expect(Quantity(text) == nil, "\(text)") }
    #expect(Quantity(rawValue: 12).description == "12")
  }
}
