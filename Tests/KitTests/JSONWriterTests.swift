import JSON
import Testing

@Suite struct JSONWriterTests {
  private func written(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    body(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func commasStandWhereTheyBelong() {
    let text = written { writer in
      writer.beginObject()
      writer.key("a")
      writer.beginArray()
      writer.integer(1)
      writer.null()
      writer.beginObject()
      writer.endObject()
      writer.beginArray()
      writer.endArray()
      writer.bool(true)
      writer.endArray()
      writer.key(dynamic: "b\"")
      writer.string("x")
      writer.key("c")
      writer.verbatim(Array("[1,2]".utf8))
      writer.key("d")
      writer.string(plain: "y")
      writer.endObject()
    }
    #expect(text == #"{"a":[1,null,{},[],true],"b\"":"x","c":[1,2],"d":"y"}"#)
  }

  @Test func everyScalarComesBack() throws {
    var texts = ["", "plain", "é𝄞", "\"\\/\u{8}\u{c}\n\r\t", "\u{2028}"]
    for value in 0..<0x200 { texts.append("a" + String(Unicode.Scalar(value)!)) }
    for text in texts {
      let bytes = Array(written { $0.string(text) }.utf8)
      #expect(try JSONDocument(bytes).root.string == text)
    }
  }

  @Test(
    arguments: [
      (0, 4, "0"), (10_000, 4, "1"), (1_005_000, 4, "100.5"), (-123_456, 4, "-12.3456"), (1, 4, "0.0001"),
      (-1, 4, "-0.0001"),
      (.max, 4, "922337203685477.5807"), (.min, 4, "-922337203685477.5808"), (.min, 0, "-9223372036854775808"),
      (7, 0, "7"),
      (100, 0, "100"), (1, 18, "0.000000000000000001"), (.max, 18, "9.223372036854775807"), (100_000, 4, "10"),
    ] as [(Int64, Int, String)])
  func decimalsArePlainAndShort(value: Int64, digits: Int, text: String) {
    #expect(written { $0.decimal(value, fractionDigits: digits) } == "\"\(text)\"")
  }

  @Test(arguments: [Int64.min, -1, 0, 9, 10, .max])
  func integersAreNumbers(value: Int64) { #expect(written { $0.integer(value) } == String(value)) }
}
