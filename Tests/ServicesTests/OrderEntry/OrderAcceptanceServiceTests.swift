import Accounting
import Market
import Ports
import TestKit
import Testing

@testable import Services

/// A ledger that accepts everything, when it is let.
private actor GatedLedger: AcceptanceLedger {
  private(set) var batches: [[AcceptanceRequest]] = []
  private var isOpen = true
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var failure: StoreError?
  private var held: Set<AccountNumber> = []

  func close() { isOpen = false }
  func open() {
    isOpen = true
    for waiter in waiting { waiter.resume() }
    waiting = []
  }
  func fail(_ error: StoreError?) { failure = error }
  func hold(_ accounts: Set<AccountNumber>) { held = accounts }

  func accept(_ requests: [AcceptanceRequest], now: Timestamp) async throws(StoreError) -> AcceptedBatch {
    batches.append(requests)
    if !isOpen { await withCheckedContinuation { waiting.append($0) } }
    if let failure { throw failure }
    let first = Int64(batches.dropLast().joined().count) + 1
    let taken = requests.filter { !held.contains($0.account) }
    return AcceptedBatch(
      answers: taken.map { .refused(.orderNotFound($0.target)) },
      entries: taken.indices.map { Row.cancel(first + Int64($0), in: taken[$0].shard) },
      postponed: held.intersection(requests.map(\.account)))
  }
}

extension AcceptanceRequest {
  /// What tells the requests of these tests apart.
  fileprivate var target: OrderID {
    switch self {
    case .place(let request): UniqueID(high: 0, low: request.random)
    case .cancel(let request): request.order
    case .replace(let request): request.target
    }
  }
}

/// A reader that knows lags only.
private actor LagReader: AccountReader {
  private(set) var reads = 0
  private var current: [Shard: ShardLag]?

  func set(_ lags: [Shard: ShardLag]?) { current = lags }
  func lags() throws(StoreError) -> [Shard: ShardLag] {
    reads += 1
    guard let current else { throw StoreError.unavailable(reason: "away") }
    return current
  }
  func credential(keyID: String) throws(StoreError) -> Credential? { nil }
  func snapshot(of account: AccountNumber) throws(StoreError) -> AccountSnapshot? { nil }
  func positions(of account: AccountNumber) throws(StoreError) -> [PositionRecord] { [] }
  func order(_ id: OrderID, of account: AccountNumber) throws(StoreError) -> ShownOrder? { nil }
  func order(clientKey: UniqueID, of account: AccountNumber) throws(StoreError) -> ShownOrder? { nil }
  func withLegs(_ orders: [ShownOrder], of account: AccountNumber) -> [ShownOrder] { orders }
  func orders(_ query: OrderQuery) throws(StoreError) -> [ShownOrder] { [] }
  func instruments() throws(StoreError) -> [Instrument] { [] }
  func lastPrices() throws(StoreError) -> [InstrumentID: Price] { [:] }
}

private struct Counter {
  let ledgers: [GatedLedger]
  let asides: [GatedLedger]
  let stream = FakeStream()
  let reader = LagReader()
  let acceptor: OrderAcceptanceService

  init(pipelines: Int = 1, queue: Int = 100, batch: Int = 100, asidePatience: Duration = .seconds(600)) {
    var settings = OrderAcceptanceSettings()
    settings.queueLimit = queue
    settings.batchLimit = batch
    settings.shardLagLimit = 50
    settings.lagPeriod = .milliseconds(1)
    settings.asideLimit = 5
    settings.asidePatience = asidePatience
    settings.asidePause = .milliseconds(1)
    ledgers = (0..<pipelines).map { _ in GatedLedger() }
    asides = (0..<pipelines).map { _ in GatedLedger() }
    acceptor = OrderAcceptanceService(
      ledgers: zip(ledgers, asides).map { .init(main: $0, aside: $1) }, stream: stream, reader: reader,
      settings: settings, now: { Row.start })
  }

  var ledger: GatedLedger { ledgers[0] }

  var aside: GatedLedger { asides[0] }

  static func cancel(_ number: Int64, in shard: Shard = Row.shard, of account: Int64 = 1) -> AcceptanceRequest {
    .cancel(CancelRequest(account: AccountNumber(rawValue: account), order: Row.id(number, in: shard)))
  }

  static func place(in shard: Shard = Row.shard) -> AcceptanceRequest {
    let key = RequestKey(digest: UniqueID(high: 1, low: 1), fingerprint: nil)
    return .place(
      PlaceRequest(
        account: AccountNumber(rawValue: 1), instrument: Row.instrument, shard: shard,
        terms: OrderTerms(.buy, Quantity(rawValue: 1), at: Price("1")!),
        clientOrderID: "a", clientKey: key, idempotencyKey: nil, random: 1))
  }

  static func replace() -> AcceptanceRequest {
    let key = RequestKey(digest: UniqueID(high: 1, low: 1), fingerprint: nil)
    return .replace(
      ReplaceRequest(
        account: AccountNumber(rawValue: 1), target: Row.id(1), changes: ChangedTerms(),
        clientOrderID: "a", clientKey: key, idempotencyKey: nil, random: 1))
  }
}

extension AcceptanceReply {
  fileprivate var isBusy: Bool { if case .busy = self { true } else { false } }
  fileprivate static func of(_ request: AcceptanceRequest) -> AcceptanceReply {
    .answered(.refused(.orderNotFound(request.target)))
  }
}

/// Answers as they come.
private actor Replies {
  private(set) var numbers: [Int64] = []
  func add(_ number: Int64, _ reply: AcceptanceReply) {
    #expect(reply == .of(Counter.cancel(number)))
    numbers.append(number)
  }
}

@Suite struct OrderAcceptanceServiceTests {
  @Test func whatGathersWhileACommitIsUnderWayGoesIntoTheNextAndTheBoundHolds() async {
    let counter = Counter(queue: 10)
    await counter.ledger.close()
    let acceptor = counter.acceptor
    async let first = acceptor.submit(Counter.cancel(1))
    await eventually("the first commit is under way") { await counter.ledger.batches.count == 1 }
    await withTaskGroup(of: Bool.self) { group in
      for number in 2...14 as ClosedRange<Int64> {
        group.addTask {
          let request = Counter.cancel(number)
          let reply = await acceptor.submit(request)
          #expect(reply.isBusy || reply == .of(request), "everyone gets the answer to its own request")
          return reply.isBusy
        }
      }
      // Thirteen come, ten may wait: three answers tell that ten are waiting.
      for _ in 0..<3 { #expect(await group.next() == true) }
      await counter.ledger.open()
      for await isBusy in group { #expect(!isBusy) }
    }
    #expect(await first == .of(Counter.cancel(1)))
    #expect(await counter.ledger.batches.map(\.count) == [1, 10])
    await eventually("all is published") { await counter.stream.published.count == 11 }
    #expect(await counter.stream.published.map(\.sequence.rawValue) == (1...11).map { $0 }, "in the log's order")
  }

  @Test func aTransactionTakesNoMoreThanItsLimit() async {
    let counter = Counter(queue: 7, batch: 3)
    await counter.ledger.close()
    let acceptor = counter.acceptor
    async let first = acceptor.submit(Counter.cancel(1))
    await eventually("the first commit is under way") { await counter.ledger.batches.count == 1 }
    await withTaskGroup(of: AcceptanceReply.self) { group in
      for number in 2...9 as ClosedRange<Int64> { group.addTask { await acceptor.submit(Counter.cancel(number)) } }
      #expect(await group.next()?.isBusy == true)
      await counter.ledger.open()
    }
    _ = await first
    #expect(await counter.ledger.batches.map(\.count) == [1, 3, 3, 1])
  }

  @Test(
    arguments: [
      (.unavailable(reason: "away"), .unavailable), (.outcomeUnknown, .outcomeUnknown),
      (.fault(reason: "no"), .unavailable),
    ] as [(StoreError, AcceptanceReply)])
  func failuresOfTheLedgerAreReportedAndPassed(_ failure: StoreError, _ reply: AcceptanceReply) async {
    let counter = Counter()
    await counter.ledger.fail(failure)
    #expect(await counter.acceptor.submit(Counter.cancel(1)) == reply)
    await counter.ledger.fail(nil)
    #expect(await counter.acceptor.submit(Counter.cancel(2)) == .of(Counter.cancel(2)), "the lane goes on")
  }

  @Test func aSlowLaneDoesNotHoldTheOthersUp() async {
    let counter = Counter(pipelines: 2)
    await counter.ledgers[0].close()
    let (even, odd) = (Shard(rawValue: 4), Shard(rawValue: 5))
    let acceptor = counter.acceptor
    async let slow = acceptor.submit(Counter.cancel(1, in: even))
    await eventually("the slow commit is under way") { await counter.ledgers[0].batches.count == 1 }
    #expect(await acceptor.submit(Counter.cancel(2, in: odd)) == .of(Counter.cancel(2, in: odd)))
    await counter.ledgers[0].open()
    #expect(await slow == .of(Counter.cancel(1, in: even)))
  }

  @Test func requestsOfAHeldAccountWaitAsideInOrderAndTheOthersDoNot() async {
    let counter = Counter()
    let held: Set = [AccountNumber(rawValue: 1)]
    await counter.ledger.hold(held)
    await counter.aside.hold(held)
    let acceptor = counter.acceptor
    let replies = Replies()
    func submit(_ number: Int64) async {
      Task { await replies.add(number, await acceptor.submit(Counter.cancel(number))) }
      await eventually("request \(number) is set aside") { await acceptor.asideCounts == [Int(number)] }
    }
    for number in 1...3 as ClosedRange<Int64> {
      await submit(number)
      #expect(await acceptor.submit(Counter.cancel(90, of: 2)) == .of(Counter.cancel(90, of: 2)), "others do not wait")
    }
    #expect(await counter.ledger.batches.joined().count { $0.account.rawValue == 1 } == 1, "later ones join it at once")
    // The main connection takes the account again; what is aside still comes first.
    await counter.ledger.hold([])
    await submit(4)
    #expect(await replies.numbers == [])
    await counter.aside.hold([])
    await eventually("all are answered") { await replies.numbers.count == 4 }
    #expect(await replies.numbers.sorted() == [1, 2, 3, 4])
    let tried = await counter.aside.batches.last?.map(\.target)
    #expect(tried == (1...4).map { Counter.cancel($0).target }, "in the order in which they came")
    #expect(await acceptor.submit(Counter.cancel(5)) == .of(Counter.cancel(5)))
    #expect(await counter.ledger.batches.last?.map(\.target) == [Counter.cancel(5).target], "by the usual way again")
  }

  @Test func whatCameBehindARequestSetAsideFollowsItAndTheBoundHolds() async {
    let counter = Counter()
    await counter.ledger.close()
    await counter.ledger.hold([AccountNumber(rawValue: 1)])
    await counter.aside.hold([AccountNumber(rawValue: 1)])
    let acceptor = counter.acceptor
    await withTaskGroup(of: AcceptanceReply.self) { group in
      group.addTask { await acceptor.submit(Counter.cancel(1)) }
      await eventually("the first commit is under way") { await counter.ledger.batches.count == 1 }
      for number in 2...7 as ClosedRange<Int64> { group.addTask { await acceptor.submit(Counter.cancel(number)) } }
      await eventually("six wait") { await acceptor.waitingCounts == [6] }
      await counter.ledger.open()
      // Five fit aside.
      for _ in 0..<2 { #expect(await group.next()?.isBusy == true) }
      #expect(await acceptor.asideCounts == [5])
      #expect(await acceptor.submit(Counter.cancel(8)).isBusy)
      #expect(await acceptor.submit(Counter.cancel(9, of: 2)) == .of(Counter.cancel(9, of: 2)))
      await counter.aside.hold([])
      for _ in 0..<5 { #expect(await group.next()?.isBusy == false) }
    }
    #expect(await counter.ledger.batches.map(\.count) == [1, 1], "those behind the first one were not tried again")
  }

  @Test func anAccountThatIsHeldForTooLongIsReportedSo() async {
    let counter = Counter(asidePatience: .milliseconds(20))
    let held: Set = [AccountNumber(rawValue: 1)]
    await counter.ledger.hold(held)
    await counter.aside.hold(held)
    #expect(await counter.acceptor.submit(Counter.cancel(1)) == .accountHeld)
    await counter.ledger.hold([])
    #expect(await counter.acceptor.submit(Counter.cancel(2)) == .of(Counter.cancel(2)))
  }

  @Test func aLostStreamCostsNoAnswer() async {
    let counter = Counter()
    await counter.stream.fail("down")
    #expect(await counter.acceptor.submit(Counter.cancel(1)) == .of(Counter.cancel(1)))
    await eventually("the loss is counted") { counter.acceptor.unpublished == 1 }
  }

  @Test func aShardThatIsTooFarBehindTakesCancelsOnly() async {
    let counter = Counter()
    let other = Shard(rawValue: 8)
    let lag = ShardLag(last: Sequence(rawValue: 151), processed: Sequence(rawValue: 100))
    let atBound = ShardLag(last: Sequence(rawValue: 150), processed: Sequence(rawValue: 100))
    await counter.reader.set([Row.shard: lag, other: atBound])
    let acceptor = counter.acceptor
    let monitor = Task { await acceptor.run() }
    await eventually("the lags are read") { await counter.reader.reads >= 2 }
    #expect(await acceptor.submit(Counter.place()).isBusy)
    #expect(await acceptor.submit(Counter.replace()).isBusy)
    #expect(await acceptor.submit(Counter.cancel(1)) == .of(Counter.cancel(1)))
    #expect(await !acceptor.submit(Counter.place(in: other)).isBusy)
    // While the database is away the last known lags stand.
    await counter.reader.set(nil)
    let reads = await counter.reader.reads
    await eventually("reads fail") { await counter.reader.reads >= reads + 2 }
    #expect(await acceptor.submit(Counter.place()).isBusy)
    await counter.reader.set([Row.shard: atBound])
    await eventually("orders are taken again") { await !acceptor.submit(Counter.place()).isBusy }
    monitor.cancel()
    await monitor.value
  }
}
