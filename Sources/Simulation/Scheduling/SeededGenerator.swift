/// Random numbers that a seed determines (SplitMix64, Steele, Lea and Flood 2014).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Begins a sequence.
  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }
}

extension RandomNumberGenerator {
  /// True once in so many times.
  package mutating func oneIn(_ times: Int) -> Bool { Int.random(in: 0..<max(1, times), using: &self) == 0 }

  /// One of several, which must not be empty.
  package mutating func pick<Element>(_ elements: [Element]) -> Element { elements.randomElement(using: &self)! }
}
