import Digest
import Testing

@Suite struct DigestTests {
  /// FIPS 180-4 examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func digestsAreTheStandards(text: String, hex: String) {
    let digest = SHA256Digest(of: text)
    #expect(digest.description == hex)
    #expect(SHA256Digest(bytes: digest.bytes) == digest)
    #expect(digest.bytes.count == SHA256Digest.byteCount)
    #expect(hex.hasPrefix(String(digest.prefix.high, radix: 16)))
  }

  @Test func comparisonSeesEveryBit() {
    let digest = SHA256Digest(of: "x")
    #expect(digest.isEqualInConstantTime(to: SHA256Digest(of: "x")))
    for bit in 0..<256 {
      var bytes = digest.bytes
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(!digest.isEqualInConstantTime(to: SHA256Digest(bytes: bytes)!))
      #expect(digest != SHA256Digest(bytes: bytes))
    }
  }

  @Test func otherLengthsAreNoDigest() {
    for count in [0, 31, 33] { #expect(SHA256Digest(bytes: [UInt8](repeating: 0, count: count)) == nil) }
  }

  @Test func randomBytesDiffer() {
    #expect(SecureRandom.bytes(0).isEmpty)
    #expect(SecureRandom.bytes(32).count == 32)
    #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
    #expect(SecureRandom.word() != SecureRandom.word())
  }

  /// RFC 4231, test cases 1, 2, 6 and 7: the first 128 bits.
  @Test(arguments: [
    ([UInt8](repeating: 0x0B, count: 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b"),
    (Array("Jefe".utf8), "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c7"),
    (
      [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f"
    ),
    (
      [UInt8](repeating: 0xAA, count: 131),
      "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed "
        + "before being used by the HMAC algorithm.", "9b09ffa71b942fcb27635fbcd5b0e944"
    ),
  ])
  func authenticationTagsAreTheStandards(key: [UInt8], message: String, hex: String) {
    let bytes = Array(message.utf8)
    for place in [0, 1, bytes.count / 2, bytes.count] {
      var text: [UInt8] = []
      HMACKey(key).tag(of: Array(bytes[..<place]), Array(bytes[place...])).write(to: &text)
      #expect(String(decoding: text, as: UTF8.self) == hex)
    }
  }

  @Test func tagsCompareByEveryBitAndReadBack() throws {
    let tag = HMACKey([1, 2, 3]).tag(of: Array("x".utf8))
    var text: [UInt8] = []
    tag.write(to: &text)
    #expect(text.count == AuthenticationTag.digitCount)
    #expect(try #require(AuthenticationTag(hexadecimal: text[...])).isEqualInConstantTime(to: tag))
    for place in text.indices {
      for digit in "0123456789abcdef".utf8 where digit != text[place] {
        var changed = text
        changed[place] = digit
        #expect(try #require(AuthenticationTag(hexadecimal: changed[...])).isEqualInConstantTime(to: tag) == false)
      }
    }
    for bad in ["", "0", String(repeating: "0", count: 31), String(repeating: "A", count: 32)] {
      #expect(AuthenticationTag(hexadecimal: Array(bad.utf8)[...]) == nil)
    }
  }
}
