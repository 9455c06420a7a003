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
}
