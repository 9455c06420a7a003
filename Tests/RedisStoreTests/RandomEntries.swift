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
    switch Int.random(in: 0..<4, using: &random) {
    case 3: command = .exchange(&random)
    case 0: command = .place(.random(shard, &random))
    case 1:
      command = .cancel(
        CancelOrder(
          target: .random(shard, &random), targetSequence: Sequence(rawValue: .anyMagnitude(&random)),
          targetLeg: UInt8.random(in: 0...2, using: &random), account: AccountNumber(rawValue: .anyMagnitude(&random)),
          instrument: InstrumentID(rawValue: Int32.random(in: 0...Int32.max, using: &random))))
    default:
      command = .replace(
        ReplaceOrder(
          order: .random(shard, &random), target: .random(shard, &random),
          targetSequence: Sequence(rawValue: .anyMagnitude(&random)),
          targetLeg: UInt8.random(in: 0...2, using: &random),
          extraHold: .anyMagnitude(&random) % 1_000_000_000_000_000_000 * (Bool.random(using: &random) ? 1 : -1)))
    }
    return LogEntry(
      shard: shard, sequence: Sequence(rawValue: sequence), acceptedAt: Timestamp(rawValue: .anyMagnitude(&random)),
      command: command, isRefused: Int.random(in: 0..<8, using: &random) == 0,
      timeline: Bool.random(using: &random) ? .unnamed : DatabaseTimeline(rawValue: max(1, .anyMagnitude(&random))))
  }
}

extension Command {
  /// What the exchange itself asks for.
  fileprivate static func exchange(_ random: inout SplitMix) -> Command {
    func price(_ random: inout SplitMix) -> Price {
      Price(rawValue: 1 + .anyMagnitude(&random) % (10 * Price.maximum.rawValue))
    }
    func auction(_ random: inout SplitMix) -> AuctionTerms {
      AuctionTerms(
        partLimit: Int16.random(in: 0...Int16.max, using: &random),
        reference: Bool.random(using: &random) ? price(&random) : nil)
    }
    let instrument = InstrumentID(rawValue: Int32.random(in: 0...Int32.max, using: &random))
    switch Int.random(in: 0..<6, using: &random) {
    case 0:
      let day = Day(rawValue: Int32.random(in: 0...40_000, using: &random))
      return .step(
        SessionStep(
          instrument, SessionPoint(day, SessionStage.allCases.randomElement(using: &random)!), auction: auction(&random)
        ))
    case 1:
      return .expire(
        ExpireOrders(
          instrument, dayThrough: Sequence(rawValue: .anyMagnitude(&random)),
          untilCanceledThrough: Sequence(rawValue: .anyMagnitude(&random)), limit: max(1, .anyMagnitude(&random))))
    case 2: return .halt(TradingHalt(instrument, isHalted: Bool.random(using: &random), auction: auction(&random)))
    case 4: return .cross(AuctionPart(instrument, limit: Int16.random(in: 1...Int16.max, using: &random)))
    case 3: return .band(BandChange(instrument, nil))
    default:
      let terms = BandTerms(
        reference: price(&random), previousClose: price(&random),
        tier: BandTier.allCases.randomElement(using: &random)!, isNearClose: Bool.random(using: &random))
      return .band(BandChange(instrument, terms, keepsReference: Bool.random(using: &random)))
    }
  }
}

extension PlaceOrder {
  static func random(_ shard: Shard, _ random: inout SplitMix) -> PlaceOrder {
    PlaceOrder(
      id: .random(shard, &random), account: AccountNumber(rawValue: .anyMagnitude(&random)),
      instrument: InstrumentID(rawValue: Int32.random(in: 0...Int32.max, using: &random)),
      terms: OrderTerms(
        Bool.random(using: &random) ? .buy : .sell,
        Quantity(rawValue: 1 + .anyMagnitude(&random) % Quantity.maximum.rawValue),
        at: Price(rawValue: .anyMagnitude(&random) % (10 * Price.maximum.rawValue)),
        type: OrderType.allCases.randomElement(using: &random)!,
        timeInForce: TimeInForce.allCases.randomElement(using: &random)!, postOnly: Bool.random(using: &random),
        selfTradePrevention: SelfTradePrevention.allCases.randomElement(using: &random)!),
      trigger: Bool.random(using: &random) ? nil : .random(&random)
    )
    .withRandomLegs(shard, &random)
  }

  private func withRandomLegs(_ shard: Shard, _ random: inout SplitMix) -> PlaceOrder {
    var order = self
    guard Bool.random(using: &random) else { return order }
    order.orderClass = [.bracket, .oco, .oto].randomElement(using: &random)!
    if order.orderClass != .oco {
      order.legs.append(
        OrderLeg(id: .random(shard, &random), LegTerms(takeProfitAt: .anyPrice(&random))))
    }
    if order.orderClass != .oto {
      order.legs.append(
        OrderLeg(
          id: .random(shard, &random),
          LegTerms(
            .stopLoss, OrderType.allCases.randomElement(using: &random)!, at: .anyPrice(&random),
            stop: .anyPrice(&random))))
    }
    return order
  }
}

extension Trigger {
  static func random(_ random: inout SplitMix) -> Trigger {
    var trigger = Trigger(stop: .anyPrice(&random))
    guard Bool.random(using: &random) else { return trigger }
    let distance: Trail.Distance =
      Bool.random(using: &random)
      ? .amount(Price.anyPrice(&random).rawValue) : .fraction(Int64.random(in: 1...9_999, using: &random))
    trigger.trail = Trail(distance, mark: .anyPrice(&random), collar: Int64.random(in: 0...10_000, using: &random))
    return trigger
  }
}

extension Price {
  static func anyPrice(_ random: inout SplitMix) -> Price {
    Price(rawValue: 1 + .anyMagnitude(&random) % Price.maximum.rawValue)
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
