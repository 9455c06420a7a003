import Glibc

extension SeededRandom {
  /// What a test draws from that tries a counted number of random inputs: a fresh seed, which is printed, or the one that
  /// BUTTONWOOD_FUZZ_SEED names, to try the same again.
  /// - Parameter what: What is tried, for the line that is printed.
  public static func fuzzing(_ what: String) -> (random: SeededRandom, seed: UInt64) {
    let given = getenv("BUTTONWOOD_FUZZ_SEED").flatMap { UInt64(String(cString: $0)) }
    let seed = given ?? UInt64.random(in: 0...999_999_999)
    print("fuzz: \(what), BUTTONWOOD_FUZZ_SEED=\(seed)")
    return (SeededRandom(seed: seed), seed)
  }

  /// Changes a few places of some bytes: other values, bytes more and less, a part twice, an end too early.
  /// - Parameter odd: Values that are put in more often than others.
  public mutating func spoil(_ bytes: [UInt8], odd: [UInt8] = [0, 0x0A, 0x0D, 0x20, 0x22, 0x2C, 0x7F, 0x80, 0xFF])
    -> [UInt8]
  {
    var bytes = bytes
    for _ in 0..<number(1...5) where !bytes.isEmpty {
      let place = number(0...bytes.count - 1)
      switch number(0...5) {
      case 0: bytes[place] = UInt8(truncatingIfNeeded: next())
      case 1: bytes[place] = pick(odd)
      case 2: bytes.insert(pick(odd), at: place)
      case 3: bytes.remove(at: place)
      case 4: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + number(1...8))], at: place)
      default: if oneIn(4) { bytes.removeSubrange(place...) } else { bytes[place] ^= 1 << UInt8(number(0...7)) }
      }
    }
    return bytes
  }
}
