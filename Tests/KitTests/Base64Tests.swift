import Digest
import Testing

/// RFC 4648, section 4, with its examples (section 10).
@Suite struct Base64Tests {
  @Test(arguments: [
    ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"),
    ("Zm9vYmFy", "foobar"),
  ])
  func itIsReadAndWrittenAsTheStandardSays(text: String, plain: String) {
    #expect(Base64.decode(text) == Array(plain.utf8))
    #expect(Base64.encode(Array(plain.utf8)) == text)
  }

  @Test(arguments: [
    "Z", "Zg", "Zg=", "Zg===", "=Zg=", "Z=g=", "Z===", "====", "Zg==Zg==", "Z g=", " Zg==", "Zg== ", "Zm9v\n", "\nZm9v",
    "____", "Zm9-", "Zm9\u{0}", "Zm9é", "Zg==\n\n\n\n",
  ])
  func whatIsMalformedIsRefused(text: String) { #expect(Base64.decode(text) == nil) }

  @Test func everyByteAtEveryPlaceComesBack() {
    for count in 1...7 {
      for byte in UInt8.min...UInt8.max {
        for place in 0..<count {
          var bytes = [UInt8](repeating: 0xA5, count: count)
          bytes[place] = byte
          #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
      }
    }
  }

  @Test func noByteButADigitIsTaken() {
    for byte in UInt8.min...UInt8.max {
      let isDigit =
        byte < 0x80 && (Unicode.Scalar(byte).properties.isAlphabetic || (0x2F...0x39).contains(byte) || byte == 0x2B)
      #expect((Base64.decode([0x5A, byte, 0x5A, 0x5A]) != nil) == isDigit, "\(byte)")
    }
  }
}
