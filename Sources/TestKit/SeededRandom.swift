/// Numbers from a seed, the same on every machine: SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, 2014).
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Begins the series of `seed`.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits of the series.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// A number of the range.
  public mutating func number<Value: FixedWidthInteger>(_ range: ClosedRange<Value>) -> Value {
    Value.random(in: range, using: &self)
  }

  /// True once in `count` draws.
  public mutating func oneIn(_ count: Int) -> Bool { number(1...count) == 1 }

  /// One of the values.
  public mutating func pick<Value>(_ values: some Collection<Value>) -> Value { values.randomElement(using: &self)! }
}
