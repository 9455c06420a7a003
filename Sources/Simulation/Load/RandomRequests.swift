package import Accounting
package import Market

/// Requests of every kind that clients may make, at prices so near to each other that most of them meet.
package struct RandomRequests: Sendable {
  /// What is among them beside plain orders.
  package struct Mix: Sendable {
    /// Stops, trailing stops and classes.
    package var isConditional: Bool
    /// Orders for auctions.
    package var hasDays: Bool
    /// How far prices are from each other, in 1/10000 dollar: six steps to either side of $10.00.
    package var step: Int64

    /// Names a mix.
    package init(isConditional: Bool, hasDays: Bool, step: Int64 = 100) {
      self.isConditional = isConditional
      self.hasDays = hasDays
      self.step = step
    }
  }

  /// Whose orders, and of what.
  package let accounts: [AccountNumber]
  package let instruments: [InstrumentID]
  private let shards: [InstrumentID: Shard]
  private let mix: Mix
  private let client: Int
  private var count = 0
  static let collar: Int64 = 500

  /// Requests of these accounts for these instruments.
  /// - Parameter client: Whose keys are never another's.
  package init(accounts: [AccountNumber], shards: [InstrumentID: Shard], _ mix: Mix, client: Int = 0) {
    self.client = client
    self.accounts = accounts
    self.shards = shards
    instruments = shards.keys.sorted()
    self.mix = mix
  }

  /// The next request.
  /// - Parameter target: An order that may be canceled or replaced.
  package mutating func next(
    target: OrderRecord?, _ random: inout some RandomNumberGenerator
  ) -> AcceptanceRequest {
    count += 1
    let name = RequestKey(digest: UniqueID(high: UInt64(client), low: UInt64(count)), fingerprint: nil)
    let repeats = RequestKey(
      digest: UniqueID(high: 1 << 32 | UInt64(client), low: UInt64(count)), fingerprint: Int64(count))
    if let target, random.oneIn(3) {
      if random.oneIn(2) { return .cancel(CancelRequest(account: target.account, order: target.id)) }
      return .replace(
        ReplaceRequest(
          account: target.account, target: target.id,
          changes: ChangedTerms(
            quantity: random.oneIn(3) ? nil : quantity(1...30, &random),
            price: random.oneIn(2) ? nil : price(&random),
            stop: mix.isConditional && random.oneIn(3) ? price(&random) : nil,
            trail: mix.isConditional && random.oneIn(6) ? Int64.random(in: 1...8, using: &random) * 100 : nil),
          collar: Self.collar, clientOrderID: "\(client)-\(count)", clientKey: name,
          idempotencyKey: repeats,
          random: random.next()))
    }
    if mix.isConditional, random.oneIn(2) { return .place(conditional(name, repeats, &random)) }
    let type: OrderType = random.oneIn(8) ? .market : .limit
    let lives = mix.hasDays ? TimeInForce.allCases : [.day, .gtc, .ioc, .fok]
    let timeInForce = random.oneIn(2) ? .day : random.pick(lives)
    var request = order(name, repeats, random.pick(Side.allCases), type, timeInForce, &random)
    request.postOnly = type == .limit && !timeInForce.isForAuction && random.oneIn(8)
    return .place(request)
  }

  private func order(
    _ name: RequestKey, _ repeats: RequestKey, _ side: Side, _ type: OrderType, _ timeInForce: TimeInForce,
    _ random: inout some RandomNumberGenerator
  ) -> PlaceRequest {
    let (instrument, account) = (random.pick(instruments), random.pick(accounts))
    // In this order: the requests of a seed are those that they always were.
    let (prevention, price) = (random.pick(SelfTradePrevention.allCases), price(&random))
    let quantity = quantity(1...25, &random)
    return PlaceRequest(
      account: account, instrument: instrument, shard: shards[instrument]!,
      terms: OrderTerms(
        side, quantity, at: price, type: type, timeInForce: timeInForce, selfTradePrevention: prevention),
      isPreventionChosen: true, clientOrderID: "\(client)-\(count)", clientKey: name,
      idempotencyKey: repeats, random: random.next())
  }

  /// A stop, a trailing stop, or an order with legs.
  private func conditional(
    _ name: RequestKey, _ repeats: RequestKey, _ random: inout some RandomNumberGenerator
  ) -> PlaceRequest {
    var request = order(
      name, repeats, random.pick(Side.allCases), random.pick(OrderType.allCases), random.pick([.day, .gtc]), &random)
    switch Int.random(in: 0...9, using: &random) {
    case 0...2: setStop(&request, &random)
    case 3...4:
      let distance: Trail.Distance =
        random.oneIn(2)
        ? .amount(.random(in: 1...8, using: &random) * 100) : .fraction(.random(in: 1...80, using: &random))
      request.type = .market
      request.trigger = Trigger(Trail(distance, mark: price(&random), collar: Self.collar), request.side)
      request.price = request.trigger!.stop.protected(request.side, collar: Self.collar)
      if random.oneIn(3) { request.timeInForce = random.pick([.day, .gtc, .ioc, .fok]) }
    case 5...6:
      request.orderClass = .oco
      request.type = .limit
      request.legs = [stopLoss(request.side, &random)]
    default:
      request.orderClass = random.oneIn(3) ? .oto : .bracket
      if random.oneIn(4) { setStop(&request, &random) }
      let side = request.side.opposite
      let profit = leg(.takeProfit, .limit, price(&random), nil, &random)
      request.legs =
        request.orderClass == .bracket
        ? [profit, stopLoss(side, &random)] : [random.oneIn(2) ? profit : stopLoss(side, &random)]
    }
    return request
  }

  private func setStop(_ request: inout PlaceRequest, _ random: inout some RandomNumberGenerator) {
    let stop = price(&random)
    request.trigger = Trigger(stop: stop)
    // Few limits, so that several that fire by one command queue at one price.
    request.price =
      request.type == .market
      ? stop.protected(request.side, collar: Self.collar)
      : Price(rawValue: request.side == .buy ? 99_700 : 100_300)
  }

  private func stopLoss(_ side: Side, _ random: inout some RandomNumberGenerator) -> LegRequest {
    let stop = price(&random)
    let type = random.pick(OrderType.allCases)
    let limit = type == .limit ? price(&random) : stop.protected(side, collar: Self.collar)
    return leg(.stopLoss, type, limit, stop, &random)
  }

  private func leg(
    _ role: OrderRole, _ type: OrderType, _ price: Price, _ stop: Price?, _ random: inout some RandomNumberGenerator
  ) -> LegRequest {
    let name = RequestKey(digest: UniqueID(high: random.next(), low: random.next()), fingerprint: nil)
    return LegRequest(
      LegTerms(role, type, at: price, stop: stop), clientOrderID: "leg", clientKey: name, random: random.next())
  }

  private func price(_ random: inout some RandomNumberGenerator) -> Price {
    Price(rawValue: 100_000 + Int64.random(in: -6...6, using: &random) * mix.step)
  }

  private func quantity(_ range: ClosedRange<Int64>, _ random: inout some RandomNumberGenerator) -> Quantity {
    Quantity(rawValue: .random(in: range, using: &random))
  }
}
