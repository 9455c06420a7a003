import Market
import Testing

@testable import Accounting

/// What must be known to judge a batch, as lists of requests and questions.
@Suite struct AcceptanceReadingTests {
  private static let aliceApple = AcceptanceSnapshot.PositionKey(
    account: AcceptanceFixture.alice, instrument: AcceptanceFixture.apple)
  private static let bobApple = AcceptanceSnapshot.PositionKey(
    account: AcceptanceFixture.bob, instrument: AcceptanceFixture.apple)

  private static func name(_ text: String, _ account: AccountNumber = AcceptanceFixture.alice)
    -> AcceptanceSnapshot.KeyName
  {
    .init(account: account, digest: AcceptanceFixture.key(text).digest)
  }

  private static func name(_ order: OrderRecord, _ account: AccountNumber = AcceptanceFixture.alice) -> OrderName {
    OrderName(account: account, id: order.id)
  }

  private static func order(_ id: UInt64) -> OrderName {
    OrderName(
      account: AcceptanceFixture.alice,
      id: .order(submittedAt: AcceptanceFixture.now, shard: AcceptanceFixture.shard, random: id))
  }

  @Test func nothingIsAskedForAnEmptyBatch() {
    let reading = AcceptanceReading(of: [])
    #expect(reading.accounts.isEmpty && reading.positions.isEmpty && reading.keys.isEmpty && reading.orders.isEmpty)
    #expect(reading.collecting.isEmpty && reading.comers.isEmpty && reading.bounds.isEmpty && reading.days.isEmpty)
    #expect(AcceptanceReading(of: [], after: AcceptanceSnapshot()) == nil)
  }

  @Test func aBuyNeedsItsAccountItsKeyItsBoundsAndWhoseOrderItMayMeet() {
    let requests = [AcceptanceFixture.place(.buy, 5, at: "10", name: "b")]
    let reading = AcceptanceReading(of: requests)
    #expect(reading.accounts == [AcceptanceFixture.alice] && reading.positions == [], "cash is the account's")
    #expect(reading.keys == [Self.name("b")] && reading.bounds == [Self.aliceApple])
    #expect(
      reading.comers == [
        .init(
          request: 0, shard: AcceptanceFixture.shard, account: AcceptanceFixture.alice,
          instrument: AcceptanceFixture.apple, side: .buy, price: Price("10")!,
          timeInForce: .day)
      ])
    #expect(reading.orders == [] && reading.classes == [] && reading.processed == [] && reading.collecting == [])
    #expect(AcceptanceReading(of: requests, after: AcceptanceSnapshot()) == nil, "one reading is enough")
  }

  @Test func aSellLocksItsPosition() {
    #expect(
      AcceptanceReading(of: [AcceptanceFixture.place(.sell, 5, at: "10", name: "s")]).positions == [Self.aliceApple])
  }

  @Test func locksComeInOrderAndOnceHoweverRequestsCome() {
    let reading = AcceptanceReading(of: [
      AcceptanceFixture.place(by: AcceptanceFixture.bob, .sell, 1, at: "10", name: "1"),
      AcceptanceFixture.place(.sell, 1, at: "10", name: "2"),
      AcceptanceFixture.place(by: AcceptanceFixture.bob, .sell, 1, at: "11", name: "3"),
      AcceptanceFixture.place(.buy, 1, at: "9", name: "4"),
    ])
    #expect(reading.accounts == [AcceptanceFixture.alice, AcceptanceFixture.bob])
    #expect(reading.positions == [Self.aliceApple, Self.bobApple])
    #expect(reading.bounds == [Self.aliceApple, Self.bobApple])
    #expect(
      reading.keys.map(\.digest) == ["1", "2", "3", "4"].map { AcceptanceFixture.key($0).digest }, "keys as they came")
  }

  @Test func everyKeyOfARequestIsAskedFor() {
    guard
      case .place(var place) = AcceptanceFixture.place(
        .buy, 5, at: "10", name: "c", idempotency: AcceptanceFixture.key("i", content: 4))
    else {
      return
    }
    place.legs = ["p", "l"].map {
      LegRequest(
        LegTerms(takeProfitAt: Price("12")!), clientOrderID: $0, clientKey: AcceptanceFixture.key($0),
        random: 1)
    }
    let idempotency = AcceptanceSnapshot.KeyName(
      account: AcceptanceFixture.alice, digest: AcceptanceFixture.key("i", content: 4).digest)
    #expect(
      AcceptanceReading(of: [.place(place)]).keys == [idempotency, Self.name("c"), Self.name("p"), Self.name("l")])
  }

  @Test func whoSaysWhatHappensToOwnOrdersOrWaitsForATradeMeetsNoneAtEntry() {
    guard case .place(var waiting) = AcceptanceFixture.place(.buy, 5, at: "10", name: "w") else { return }
    waiting.trigger = Trigger(stop: Price("9")!)
    let reading = AcceptanceReading(of: [
      AcceptanceFixture.place(.buy, 5, at: "10", name: "p", prevention: .cancelBoth), .place(waiting),
    ])
    #expect(reading.comers == [] && reading.bounds == [Self.aliceApple])
  }

  @Test func whatTradesAtOnceOrNotAtAllAsksWhetherOrdersAreCollected() {
    for life in TimeInForce.allCases {
      let reading = AcceptanceReading(of: [AcceptanceFixture.place(.buy, 5, at: "10", name: "x", timeInForce: life)])
      #expect(reading.collecting == (life.isImmediate ? [AcceptanceFixture.apple] : []), "\(life)")
    }
  }

  @Test func aCancelNeedsItsOrderAlone() {
    var fixture = AcceptanceFixture()
    let order = fixture.store(.sell, 5, at: "100")
    let reading = AcceptanceReading(of: [AcceptanceFixture.cancel(order)])
    #expect(reading.accounts == [AcceptanceFixture.alice] && reading.orders == [Self.name(order)])
    #expect(reading.days == [order.id.time!.day])
    #expect(reading.positions == [] && reading.keys == [] && reading.bounds == [] && reading.comers == [])
    #expect(AcceptanceReading(of: [AcceptanceFixture.cancel(order)], after: fixture.snapshot) == nil)
  }

  @Test func aReplacementIsLookedAtBeforeAnythingThatItsOrderReports() {
    var fixture = AcceptanceFixture()
    let order = fixture.store(.sell, 5, at: "100")
    let requests = [
      AcceptanceFixture.place(by: AcceptanceFixture.bob, .sell, 1, at: "10", name: "s", timeInForce: .ioc),
      AcceptanceFixture.replace(order, price: "101"),
    ]
    let first = AcceptanceReading(of: requests)
    #expect(
      first.accounts == [AcceptanceFixture.alice, AcceptanceFixture.bob]
        && first.keys == [Self.name("s", AcceptanceFixture.bob), Self.name("new")])
    #expect(first.orders == [Self.name(order)] && first.classes == [Self.name(order)])
    #expect(first.processed == [AcceptanceFixture.shard])
    // Positions are locked in one go.
    #expect(first.positions == [] && first.bounds == [] && first.comers == [] && first.collecting == [])
    let second = AcceptanceReading(of: requests, after: fixture.snapshot)
    #expect(
      second?.positions == [Self.aliceApple, Self.bobApple] && second?.bounds == [Self.aliceApple, Self.bobApple])
    #expect(second?.collecting == [AcceptanceFixture.apple])
    #expect(second?.comers.map(\.request) == [0, 1] && second?.comers.map(\.side) == [.sell, .sell])
    #expect(second?.comers.last?.price == Price("101")! && second?.comers.last?.timeInForce == .day)
    #expect(second?.accounts == [] && second?.keys == [] && second?.orders == [], "nothing is asked twice")
  }

  @Test func theRestOfAClassIsReadAsFarAsItIsOpen() {
    var fixture = AcceptanceFixture()
    let order = fixture.store(.sell, 5, at: "100")
    fixture.snapshot.classOrders = [Self.order(8), Self.order(9)]
    let second = AcceptanceReading(of: [AcceptanceFixture.replace(order, quantity: 4)], after: fixture.snapshot)
    #expect(second?.openOrders == [Self.order(8), Self.order(9)] && second?.days == [AcceptanceFixture.now.day])
  }

  @Test func atItsOldPriceOrOutsideTheBookAnOrderMeetsNobody() {
    var fixture = AcceptanceFixture()
    var order = fixture.store(.buy, 5, at: "1")
    #expect(
      AcceptanceReading(of: [AcceptanceFixture.replace(order, quantity: 4)], after: fixture.snapshot)?.comers == [])
    #expect(
      AcceptanceReading(of: [AcceptanceFixture.replace(order, price: "2")], after: fixture.snapshot)?.comers.count == 1)
    order.conditions = OrderConditions(trigger: Trigger(stop: Price("3")!), phase: .waiting)
    fixture.snapshot.targets[order.id] = order
    #expect(
      AcceptanceReading(of: [AcceptanceFixture.replace(order, price: "2")], after: fixture.snapshot)?.comers == [])
  }

  @Test func aReplacementThatTradesAtOnceOrNotAtAllAsksWhetherOrdersAreCollected() {
    var fixture = AcceptanceFixture()
    let order = fixture.store(.buy, 5, at: "1")
    for life in TimeInForce.allCases {
      let second = AcceptanceReading(
        of: [AcceptanceFixture.replace(order, price: "2", timeInForce: life)], after: fixture.snapshot)
      #expect(second?.collecting == (life.isImmediate ? [AcceptanceFixture.apple] : []), "\(life)")
      #expect(second?.comers.first?.timeInForce == life)
    }
  }

  @Test func nothingMoreIsAskedOfWhatIsNotThereOrAnothers() {
    var fixture = AcceptanceFixture()
    let order = fixture.store(.sell, 5, at: "100")
    let others = [AcceptanceFixture.replace(order, by: AcceptanceFixture.bob, price: "101")]
    let second = AcceptanceReading(of: others, after: fixture.snapshot)
    #expect(second?.positions == [] && second?.bounds == [] && second?.comers == [])
    fixture.snapshot.targets = [:]
    let third = AcceptanceReading(of: [AcceptanceFixture.replace(order, price: "101")], after: fixture.snapshot)
    #expect(third?.positions == [] && third?.bounds == [] && third?.comers == [])
  }

  @Test func locksNameWhatRequestsNameThemselves() {
    var fixture = AcceptanceFixture()
    let (first, second) = (fixture.store(.buy, 5, at: "1"), fixture.store(.sell, 5, at: "100", sequence: 51))
    let locks = AcceptanceLocks(of: [
      AcceptanceFixture.replace(second, price: "99"),
      AcceptanceFixture.place(by: AcceptanceFixture.bob, .sell, 1, at: "10", name: "s"),
      AcceptanceFixture.cancel(first),
      AcceptanceFixture.place(.buy, 1, at: "1", name: "b"),
    ])
    #expect(locks.accounts == [AcceptanceFixture.alice, AcceptanceFixture.bob] && locks.positions == [Self.bobApple])
    #expect(locks.orders == [Self.name(second), Self.name(first)])
  }

  /// What is read is enough: a plan from what the readings ask for is the plan from everything.
  @Test func whatIsNotAskedForChangesNoPlan() {
    var fixture = AcceptanceFixture()
    let sell = fixture.store(.sell, 5, at: "100")
    let gone = fixture.store(.buy, 1, at: "2", status: .filled, sequence: 52)
    let other = fixture.store(.buy, 5, at: "3", sequence: 53)
    fixture.snapshot.collecting = [AcceptanceFixture.apple]
    fixture.snapshot.keys[Self.name("used")] = .init(order: sell.id, fingerprint: nil)
    fixture.snapshot.keys[Self.name("elsewhere")] = .init(order: sell.id, fingerprint: nil)
    fixture.snapshot.bounds = [
      .init(account: AcceptanceFixture.alice, instrument: nil, bounds: OrderBounds(quantity: Quantity(rawValue: 50)))
    ]
    let requests: [[AcceptanceRequest]] = [
      [AcceptanceFixture.place(.buy, 5, at: "10", name: "used")],
      [AcceptanceFixture.place(.buy, 60, at: "1", name: "bounded")],
      [AcceptanceFixture.place(.sell, 5, at: "10", name: "ioc", timeInForce: .ioc)],
      [AcceptanceFixture.place(by: AcceptanceFixture.bob, .sell, 5, at: "1", name: "b")],
      [AcceptanceFixture.cancel(gone), AcceptanceFixture.cancel(sell)],
      [AcceptanceFixture.replace(sell, quantity: 8, price: "101")],
      [
        AcceptanceFixture.replace(other, price: "4", timeInForce: .fok),
        AcceptanceFixture.place(.sell, 2, at: "5", name: "both"),
      ],
    ]
    for batch in requests {
      #expect(
        "\(AcceptancePlan(requests: batch, snapshot: read(batch, fixture.snapshot), now: AcceptanceFixture.now))"
          == "\(fixture.plan(batch))", "\(batch)")
    }
  }

  /// A store that tells what it is asked and nothing else.
  private func read(_ requests: [AcceptanceRequest], _ world: AcceptanceSnapshot) -> AcceptanceSnapshot {
    var snapshot = AcceptanceSnapshot()
    func answer(_ reading: AcceptanceReading) {
      for account in reading.accounts { snapshot.accounts[account] = world.accounts[account] }
      for position in reading.positions { snapshot.positions[position] = world.positions[position] }
      for key in reading.keys { snapshot.keys[key] = world.keys[key] }
      for name in reading.orders + reading.openOrders { snapshot.targets[name.id] = world.targets[name.id] }
      for shard in reading.processed { snapshot.processed[shard] = world.processed[shard] }
      snapshot.collecting.formUnion(world.collecting.intersection(reading.collecting))
      for comer in reading.comers { snapshot.crossing[comer.request] = world.crossing[comer.request] }
      let (accounts, instruments) = (Set(reading.bounds.map(\.account)), Set(reading.bounds.map(\.instrument)))
      snapshot.bounds += world.bounds.filter {
        ($0.account.map(accounts.contains) ?? true) && ($0.instrument.map(instruments.contains) ?? true)
      }
    }
    answer(AcceptanceReading(of: requests))
    if let second = AcceptanceReading(of: requests, after: snapshot) { answer(second) }
    return snapshot
  }
}
