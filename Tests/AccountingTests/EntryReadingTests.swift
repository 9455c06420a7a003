import Market
import Testing

@testable import Accounting

/// What must be known to judge a batch, as lists of requests and questions.
@Suite struct EntryReadingTests {
  private static let aliceApple = EntrySnapshot.PositionKey(account: Desk.alice, instrument: Desk.apple)
  private static let bobApple = EntrySnapshot.PositionKey(account: Desk.bob, instrument: Desk.apple)

  private static func name(_ text: String, _ account: AccountNumber = Desk.alice) -> EntrySnapshot.KeyName {
    .init(account: account, digest: Desk.key(text).digest)
  }

  private static func name(_ order: OrderRecord, _ account: AccountNumber = Desk.alice) -> OrderName {
    OrderName(account: account, id: order.id)
  }

  private static func order(_ id: UInt64) -> OrderName {
    OrderName(account: Desk.alice, id: .order(submittedAt: Desk.now, shard: Desk.shard, random: id))
  }

  @Test func nothingIsAskedForAnEmptyBatch() {
    let reading = EntryReading(of: [])
    #expect(reading.accounts.isEmpty && reading.positions.isEmpty && reading.keys.isEmpty && reading.orders.isEmpty)
    #expect(reading.collecting.isEmpty && reading.comers.isEmpty && reading.bounds.isEmpty && reading.days.isEmpty)
    #expect(EntryReading(of: [], after: EntrySnapshot()) == nil)
  }

  @Test func aBuyNeedsItsAccountItsKeyItsBoundsAndWhoseOrderItMayMeet() {
    let requests = [Desk.place(.buy, 5, at: "10", name: "b")]
    let reading = EntryReading(of: requests)
    #expect(reading.accounts == [Desk.alice] && reading.positions == [], "cash is the account's")
    #expect(reading.keys == [Self.name("b")] && reading.bounds == [Self.aliceApple])
    #expect(
      reading.comers == [
        .init(
          request: 0, shard: Desk.shard, account: Desk.alice, instrument: Desk.apple, side: .buy, price: Price("10")!,
          timeInForce: .day)
      ])
    #expect(reading.orders == [] && reading.classes == [] && reading.processed == [] && reading.collecting == [])
    #expect(EntryReading(of: requests, after: EntrySnapshot()) == nil, "one reading is enough")
  }

  @Test func aSellLocksItsPosition() {
    #expect(EntryReading(of: [Desk.place(.sell, 5, at: "10", name: "s")]).positions == [Self.aliceApple])
  }

  @Test func locksComeInOrderAndOnceHoweverRequestsCome() {
    let reading = EntryReading(of: [
      Desk.place(by: Desk.bob, .sell, 1, at: "10", name: "1"), Desk.place(.sell, 1, at: "10", name: "2"),
      Desk.place(by: Desk.bob, .sell, 1, at: "11", name: "3"), Desk.place(.buy, 1, at: "9", name: "4"),
    ])
    #expect(reading.accounts == [Desk.alice, Desk.bob])
    #expect(reading.positions == [Self.aliceApple, Self.bobApple])
    #expect(reading.bounds == [Self.aliceApple, Self.bobApple])
    #expect(reading.keys.map(\.digest) == ["1", "2", "3", "4"].map { Desk.key($0).digest }, "keys as they came")
  }

  @Test func everyKeyOfARequestIsAskedFor() {
    guard case .place(var place) = Desk.place(.buy, 5, at: "10", name: "c", idempotency: Desk.key("i", content: 4))
    else {
      return
    }
    place.legs = ["p", "l"].map {
      LegRequest(
        LegTerms(takeProfitAt: Price("12")!), clientOrderID: $0, clientKey: Desk.key($0),
        random: 1)
    }
    let idempotency = EntrySnapshot.KeyName(account: Desk.alice, digest: Desk.key("i", content: 4).digest)
    #expect(
      EntryReading(of: [.place(place)]).keys == [idempotency, Self.name("c"), Self.name("p"), Self.name("l")])
  }

  @Test func whoSaysWhatHappensToOwnOrdersOrWaitsForATradeMeetsNoneAtEntry() {
    guard case .place(var waiting) = Desk.place(.buy, 5, at: "10", name: "w") else { return }
    waiting.trigger = Trigger(stop: Price("9")!)
    let reading = EntryReading(of: [
      Desk.place(.buy, 5, at: "10", name: "p", prevention: .cancelBoth), .place(waiting),
    ])
    #expect(reading.comers == [] && reading.bounds == [Self.aliceApple])
  }

  @Test func whatTradesAtOnceOrNotAtAllAsksWhetherOrdersAreCollected() {
    for life in TimeInForce.allCases {
      let reading = EntryReading(of: [Desk.place(.buy, 5, at: "10", name: "x", timeInForce: life)])
      #expect(reading.collecting == (life.isImmediate ? [Desk.apple] : []), "\(life)")
    }
  }

  @Test func aCancelNeedsItsOrderAlone() {
    var desk = Desk()
    let order = desk.store(.sell, 5, at: "100")
    let reading = EntryReading(of: [Desk.cancel(order)])
    #expect(reading.accounts == [Desk.alice] && reading.orders == [Self.name(order)])
    #expect(reading.days == [order.id.time!.day])
    #expect(reading.positions == [] && reading.keys == [] && reading.bounds == [] && reading.comers == [])
    #expect(EntryReading(of: [Desk.cancel(order)], after: desk.snapshot) == nil)
  }

  @Test func aReplacementIsLookedAtBeforeAnythingThatItsOrderTells() {
    var desk = Desk()
    let order = desk.store(.sell, 5, at: "100")
    let requests = [
      Desk.place(by: Desk.bob, .sell, 1, at: "10", name: "s", timeInForce: .ioc), Desk.replace(order, price: "101"),
    ]
    let first = EntryReading(of: requests)
    #expect(first.accounts == [Desk.alice, Desk.bob] && first.keys == [Self.name("s", Desk.bob), Self.name("new")])
    #expect(first.orders == [Self.name(order)] && first.classes == [Self.name(order)])
    #expect(first.processed == [Desk.shard])
    // Positions are locked in one go.
    #expect(first.positions == [] && first.bounds == [] && first.comers == [] && first.collecting == [])
    let second = EntryReading(of: requests, after: desk.snapshot)
    #expect(
      second?.positions == [Self.aliceApple, Self.bobApple] && second?.bounds == [Self.aliceApple, Self.bobApple])
    #expect(second?.collecting == [Desk.apple])
    #expect(second?.comers.map(\.request) == [0, 1] && second?.comers.map(\.side) == [.sell, .sell])
    #expect(second?.comers.last?.price == Price("101")! && second?.comers.last?.timeInForce == .day)
    #expect(second?.accounts == [] && second?.keys == [] && second?.orders == [], "nothing is asked twice")
  }

  @Test func theRestOfAClassIsReadAsFarAsItIsOpen() {
    var desk = Desk()
    let order = desk.store(.sell, 5, at: "100")
    desk.snapshot.classOrders = [Self.order(8), Self.order(9)]
    let second = EntryReading(of: [Desk.replace(order, quantity: 4)], after: desk.snapshot)
    #expect(second?.openOrders == [Self.order(8), Self.order(9)] && second?.days == [Desk.now.day])
  }

  @Test func atItsOldPriceOrOutsideTheBookAnOrderMeetsNobody() {
    var desk = Desk()
    var order = desk.store(.buy, 5, at: "1")
    #expect(EntryReading(of: [Desk.replace(order, quantity: 4)], after: desk.snapshot)?.comers == [])
    #expect(EntryReading(of: [Desk.replace(order, price: "2")], after: desk.snapshot)?.comers.count == 1)
    order.conditions = OrderConditions(trigger: Trigger(stop: Price("3")!), phase: .waiting)
    desk.snapshot.targets[order.id] = order
    #expect(EntryReading(of: [Desk.replace(order, price: "2")], after: desk.snapshot)?.comers == [])
  }

  @Test func aReplacementThatTradesAtOnceOrNotAtAllAsksWhetherOrdersAreCollected() {
    var desk = Desk()
    let order = desk.store(.buy, 5, at: "1")
    for life in TimeInForce.allCases {
      let second = EntryReading(of: [Desk.replace(order, price: "2", timeInForce: life)], after: desk.snapshot)
      #expect(second?.collecting == (life.isImmediate ? [Desk.apple] : []), "\(life)")
      #expect(second?.comers.first?.timeInForce == life)
    }
  }

  @Test func nothingMoreIsAskedOfWhatIsNotThereOrAnothers() {
    var desk = Desk()
    let order = desk.store(.sell, 5, at: "100")
    let others = [Desk.replace(order, by: Desk.bob, price: "101")]
    let second = EntryReading(of: others, after: desk.snapshot)
    #expect(second?.positions == [] && second?.bounds == [] && second?.comers == [])
    desk.snapshot.targets = [:]
    let third = EntryReading(of: [Desk.replace(order, price: "101")], after: desk.snapshot)
    #expect(third?.positions == [] && third?.bounds == [] && third?.comers == [])
  }

  @Test func locksNameWhatRequestsNameThemselves() {
    var desk = Desk()
    let (first, second) = (desk.store(.buy, 5, at: "1"), desk.store(.sell, 5, at: "100", sequence: 51))
    let locks = EntryLocks(of: [
      Desk.replace(second, price: "99"), Desk.place(by: Desk.bob, .sell, 1, at: "10", name: "s"), Desk.cancel(first),
      Desk.place(.buy, 1, at: "1", name: "b"),
    ])
    #expect(locks.accounts == [Desk.alice, Desk.bob] && locks.positions == [Self.bobApple])
    #expect(locks.orders == [Self.name(second), Self.name(first)])
  }

  /// What is read is enough: a plan from what the readings ask for is the plan from everything.
  @Test func whatIsNotAskedForChangesNoPlan() {
    var desk = Desk()
    let sell = desk.store(.sell, 5, at: "100")
    let gone = desk.store(.buy, 1, at: "2", status: .filled, sequence: 52)
    let other = desk.store(.buy, 5, at: "3", sequence: 53)
    desk.snapshot.collecting = [Desk.apple]
    desk.snapshot.keys[Self.name("used")] = .init(order: sell.id, fingerprint: nil)
    desk.snapshot.keys[Self.name("elsewhere")] = .init(order: sell.id, fingerprint: nil)
    desk.snapshot.bounds = [
      .init(account: Desk.alice, instrument: nil, bounds: OrderBounds(quantity: Quantity(rawValue: 50)))
    ]
    let requests: [[EntryRequest]] = [
      [Desk.place(.buy, 5, at: "10", name: "used")], [Desk.place(.buy, 60, at: "1", name: "bounded")],
      [Desk.place(.sell, 5, at: "10", name: "ioc", timeInForce: .ioc)],
      [Desk.place(by: Desk.bob, .sell, 5, at: "1", name: "b")],
      [Desk.cancel(gone), Desk.cancel(sell)], [Desk.replace(sell, quantity: 8, price: "101")],
      [Desk.replace(other, price: "4", timeInForce: .fok), Desk.place(.sell, 2, at: "5", name: "both")],
    ]
    for batch in requests {
      #expect(
        "\(EntryPlan(requests: batch, snapshot: read(batch, desk.snapshot), now: Desk.now))"
          == "\(desk.plan(batch))", "\(batch)")
    }
  }

  /// A store that tells what it is asked and nothing else.
  private func read(_ requests: [EntryRequest], _ world: EntrySnapshot) -> EntrySnapshot {
    var snapshot = EntrySnapshot()
    func answer(_ reading: EntryReading) {
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
    answer(EntryReading(of: requests))
    if let second = EntryReading(of: requests, after: snapshot) { answer(second) }
    return snapshot
  }
}
