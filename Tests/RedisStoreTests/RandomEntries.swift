import Market

/// A small generator with a printable seed.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}

extension LogEntry {
  static func random(shard: Shard, sequence: Int64, _ random: inout SplitMix) -> LogEntry {
    let command: Command
    switch Int.random(in: 0..<3, using: &random) {
    case 0: command = .place(.random(shard, &random))
    case 1:
      command = .cancel(
        CancelOrder(
          target: .random(shard, &random), targetSequence: Sequence(rawValue: .anyMagnitude(&random)),
          account: AccountNumber(rawValue: .anyMagnitude(&random)),
          instrument: InstrumentID(rawValue: Int32.random(in: 0...Int32.max, using: &random))))
    default:
      command = .replace(
        ReplaceOrder(
          order: .random(shard, &random), target: .random(shard, &random),
          targetSequence: Sequence(rawValue: .anyMagnitude(&random)),
          extraHold: .anyMagnitude(&random) % 1_000_000_000_000_000_000 * (Bool.random(using: &random) ? 1 : -1)))
    }
    return LogEntry(
      shard: shard, sequence: Sequence(rawValue: sequence), acceptedAt: Timestamp(rawValue: .anyMagnitude(&random)),
      command: command, isRefused: Int.random(in: 0..<8, using: &random) == 0,
      history: Bool.random(using: &random) ? .unnamed : LedgerHistory(rawValue: max(1, .anyMagnitude(&random))))
  }
}

extension PlaceOrder {
  static func random(_ shard: Shard, _ random: inout SplitMix) -> PlaceOrder {
    PlaceOrder(
      id: .random(shard, &random), account: AccountNumber(rawValue: .anyMagnitude(&random)),
      instrument: InstrumentID(rawValue: Int32.random(in: 0...Int32.max, using: &random)),
      side: Bool.random(using: &random) ? .buy : .sell, type: OrderType.allCases.randomElement(using: &random)!,
      timeInForce: TimeInForce.allCases.randomElement(using: &random)!, postOnly: Bool.random(using: &random),
      selfTradePrevention: SelfTradePrevention.allCases.randomElement(using: &random)!,
      price: Price(rawValue: .anyMagnitude(&random) % (10 * Price.maximum.rawValue)),
      quantity: Quantity(rawValue: 1 + .anyMagnitude(&random) % Quantity.maximum.rawValue))
  }
}

extension UniqueID {
  /// An order's, of a shard.
  static func random(_ shard: Shard, _ random: inout SplitMix) -> UniqueID {
    UniqueID(high: random.next(), low: random.next() & ~0xFFFF | UInt64(UInt16(bitPattern: shard.rawValue)))
  }
}

extension Int64 {
  /// Not negative, every number of digits equally likely.
  static func anyMagnitude(_ random: inout SplitMix) -> Int64 {
    Int64(random.next() >> UInt64.random(in: 1...63, using: &random))
  }
}
