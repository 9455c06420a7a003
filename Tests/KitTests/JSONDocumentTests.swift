import Foundation
import JSON
import Testing

@Suite struct JSONDocumentTests {
  private func parse(_ text: String) throws -> JSONValue { try JSONDocument(Array(text.utf8)).root }

  @Test func valuesKeepWhatWasWritten() throws {
    let root = try parse(#" {"a":[1,-0.50e+10,"x",true,false,null,{}],"b":{"c":"\u00e9\ud834\udd1e\n\"\\\/"},"":0} "#)
    #expect(root.kind == .object)
    #expect(root.members?.map(\.name) == ["a", "b", ""])
    #expect(root["a"]?.array?.count == 7)
    #expect(root["a"]?[0]?.integer == 1)
    #expect(root["a"]?[1]?.numberText == "-0.50e+10")
    #expect(root["a"]?[2]?.string == "x")
    #expect(root["a"]?[3]?.bool == true)
    #expect(root["a"]?[4]?.bool == false)
    #expect(root["a"]?[5]?.isNull == true)
    #expect(root["a"]?[6]?.kind == .object)
    #expect(root["a"]?[7] == nil)
    #expect(root["b"]?["c"]?.string == "é𝄞\n\"\\/")
    #expect(root[""]?.integer == 0)
    #expect(root["absent"] == nil)
    #expect(root.string == nil && root.bool == nil && root.numberText == nil && root.array == nil)
  }

  @Test func ofRepeatedNamesTheLastCounts() throws {
    #expect(try parse(#"{"a":1,"a":[{"a":7}],"\u0061":3,"b":{"a":9}}"#)["a"]?.integer == 3)
  }

  @Test(arguments: ["0", "-0", "1.5", "1e5", "1E-05", "123456789012345678901234567890", "-1.0e+999999"])
  func numbersAreTheirText(text: String) throws { #expect(try parse(text).numberText == text) }

  @Test(arguments: [
    "", " ", "{", "[", "[1", "[1,]", "{\"a\":1,}", "{,}", "[,]", "{\"a\"}", "{\"a\":}", "{a:1}", "{'a':1}", "nul",
    "nulls",
    "True", "NaN", "Infinity", "-Infinity", "-", "+1", "01", "-01", "1.", ".5", "1.e5", "1e", "1e+", "0x10", "1_0",
    "1 2", "{}{}",
    "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\n\"",
    "\"\\ud800\\ud800\"", "\"\\udc00\"", "\"a\nb\"", "\"\u{0}\"", "\u{FEFF}{}", "/**/1", "[1}", "{\"a\":1]", "\u{A0}1",
  ])
  func otherTextsAreRefused(text: String) { #expect(throws: JSONError.self) { try parse(text) } }

  @Test(
    arguments: [
      [0x80], [0xC0, 0xAF], [0xC1, 0x81], [0xC3], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
      [0xE2, 0x82],
      [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xF0, 0x9F, 0x98],
      [0xC3, 0x28], [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28],
    ] as [[UInt8]])
  func invalidUTF8IsRefused(bytes: [UInt8]) {
    #expect(throws: JSONError.self) { try JSONDocument([0x22] + bytes + [0x22]) }
    #expect(throws: JSONError.self) { try JSONDocument([0x22] + bytes) }
  }

  @Test func nestingIsBounded() throws {
    let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(try parse(deepest).kind == .array)
    let error = #expect(throws: JSONError.self) { try parse("[" + deepest + "]") }
    #expect(error == JSONError(.tooDeep, at: 64))
    #expect(throws: JSONError.self) { try parse(String(repeating: "{\"a\":", count: 1_000_000)) }
  }

  @Test func nullCharactersAreSeen() throws {
    #expect(try parse(#""a\u0000b""#).string?.unicodeScalars.contains("\0") == true)
  }

  @Test func errorsNameThePlaceAndNotTheBytes() {
    let error = #expect(throws: JSONError.self) { try parse(#"{"secret":s}"#) }
    #expect(error?.description == "unexpected character at byte 10")
  }

  /// Whatever the bytes, reading ends in a value or an error; what is read, the reference reads too.
  @Test func anyBytesAreReadOrRefused() {
    var random = SystemRandomNumberGenerator()
    let alphabet = Array(#"{}[]":,\u0d8eEtrufalsn-+.129 "#.utf8) + [0xC3, 0xA9, 0x00, 0x0A, 0xF0, 0x9D, 0x84, 0x9E]
    var accepted = 0
    for _ in 0..<60_000 {
      let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
      guard let root = try? JSONDocument(bytes).root else { continue }
      accepted += 1
      visit(root)
      // Exponents can be larger than the reference takes.
      guard !bytes.contains(where: { $0 | 0x20 == UInt8(ascii: "e") }) else { continue }
      let reference = try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
      #expect(reference != nil, "\(bytes)")
    }
    #expect(accepted > 0)
  }

  private func visit(_ value: JSONValue) {
    _ = value.string
    _ = value.integer
    for (name, member) in value.members ?? [] {
      _ = value[name]
      visit(member)
    }
    for element in value.array ?? [] { visit(element) }
  }
}
