import Accounting
import Market
import Ports
import Testing

@testable import Services

/// A ledger that accepts everything, when it is let.
private actor GatedLedger: EntryLedger {
  private(set) var batches: [[EntryRequest]] = []
  private var isOpen = true
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var failure: LedgerError?

  func close() { isOpen = false }
  func open() {
    isOpen = true
    for waiter in waiting { waiter.resume() }
    waiting = []
  }
  func fail(_ error: LedgerError?) { failure = error }

  func accept(_ requests: [EntryRequest], now: Timestamp) async throws(LedgerError) -> AcceptedBatch {
    batches.append(requests)
    if !isOpen { await withCheckedContinuation { waiting.append($0) } }
    if let failure { throw failure }
    let first = Int64(batches.dropLast().joined().count) + 1
    return AcceptedBatch(
      answers: requests.map { .refused(.orderNotFound($0.target)) },
      entries: requests.indices.map { Row.cancel(first + Int64($0), in: requests[$0].shard) })
  }
}

extension EntryRequest {
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
  func lags() throws(LedgerError) -> [Shard: ShardLag] {
    reads += 1
    guard let current else { throw LedgerError.unavailable(reason: "away") }
    return current
  }
  func credential(keyID: String) throws(LedgerError) -> Credential? { nil }
  func account(_ number: AccountNumber) throws(LedgerError) -> AccountRecord? { nil }
  func positions(of account: AccountNumber) throws(LedgerError) -> [PositionRecord] { [] }
  func order(_ id: OrderID, of account: AccountNumber) throws(LedgerError) -> ShownOrder? { nil }
  func order(clientKey: UniqueID, of account: AccountNumber) throws(LedgerError) -> ShownOrder? { nil }
  func withLegs(_ orders: [ShownOrder], of account: AccountNumber) -> [ShownOrder] { orders }
  func orders(_ query: OrderQuery) throws(LedgerError) -> [ShownOrder] { [] }
  func instruments() throws(LedgerError) -> [Instrument] { [] }
  func lastPrices() throws(LedgerError) -> [InstrumentID: Price] { [:] }
}

private struct Counter {
  let ledgers: [GatedLedger]
  let stream = FakeStream()
  let reader = LagReader()
  let desk: OrderDeskService

  init(lanes: Int = 1, queue: Int = 100, batch: Int = 100) {
    var settings = OrderDeskSettings()
    settings.queueLimit = queue
    settings.batchLimit = batch
    settings.shardLagLimit = 50
    settings.lagPeriod = .milliseconds(1)
    ledgers = (0..<lanes).map { _ in GatedLedger() }
    desk = OrderDeskService(ledgers: ledgers, stream: stream, reader: reader, settings: settings, now: { Row.start })
  }

  var ledger: GatedLedger { ledgers[0] }

  static func cancel(_ number: Int64, in shard: Shard = Row.shard) -> EntryRequest {
    .cancel(CancelRequest(account: AccountNumber(rawValue: 1), order: Row.id(number, in: shard)))
  }

  static func place(in shard: Shard = Row.shard) -> EntryRequest {
    let key = RequestKey(digest: UniqueID(high: 1, low: 1), fingerprint: nil)
    return .place(
      PlaceRequest(
        account: AccountNumber(rawValue: 1), instrument: Row.instrument, shard: shard, side: .buy, type: .limit,
        timeInForce: .day, postOnly: false, selfTradePrevention: nil, price: Price("1")!,
        quantity: Quantity(rawValue: 1),
        clientOrderID: "a", clientKey: key, idempotencyKey: nil, random: 1))
  }

  static func replace() -> EntryRequest {
    let key = RequestKey(digest: UniqueID(high: 1, low: 1), fingerprint: nil)
    return .replace(
      ReplaceRequest(
        account: AccountNumber(rawValue: 1), target: Row.id(1), quantity: nil, price: nil, timeInForce: nil,
        clientOrderID: "a", clientKey: key, idempotencyKey: nil, random: 1))
  }
}

extension DeskReply {
  fileprivate var isBusy: Bool { if case .busy = self { true } else { false } }
  fileprivate static func of(_ request: EntryRequest) -> DeskReply {
    .answered(.refused(.orderNotFound(request.target)))
  }
}

@Suite struct OrderDeskServiceTests {
  @Test func whatGathersWhileACommitIsUnderWayGoesIntoTheNextAndTheBoundHolds() async {
    let counter = Counter(queue: 10)
    await counter.ledger.close()
    let desk = counter.desk
    async let first = desk.submit(Counter.cancel(1))
    await eventually("the first commit is under way") { await counter.ledger.batches.count == 1 }
    await withTaskGroup(of: Bool.self) { group in
      for number in 2...14 as ClosedRange<Int64> {
        group.addTask {
          let request = Counter.cancel(number)
          let reply = await desk.submit(request)
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
    let desk = counter.desk
    async let first = desk.submit(Counter.cancel(1))
    await eventually("the first commit is under way") { await counter.ledger.batches.count == 1 }
    await withTaskGroup(of: DeskReply.self) { group in
      for number in 2...9 as ClosedRange<Int64> { group.addTask { await desk.submit(Counter.cancel(number)) } }
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
    ] as [(LedgerError, DeskReply)])
  func failuresOfTheLedgerAreToldAndPassed(_ failure: LedgerError, _ reply: DeskReply) async {
    let counter = Counter()
    await counter.ledger.fail(failure)
    #expect(await counter.desk.submit(Counter.cancel(1)) == reply)
    await counter.ledger.fail(nil)
    #expect(await counter.desk.submit(Counter.cancel(2)) == .of(Counter.cancel(2)), "the lane goes on")
  }

  @Test func aSlowLaneDoesNotHoldTheOthersUp() async {
    let counter = Counter(lanes: 2)
    await counter.ledgers[0].close()
    let (even, odd) = (Shard(rawValue: 4), Shard(rawValue: 5))
    let desk = counter.desk
    async let slow = desk.submit(Counter.cancel(1, in: even))
    await eventually("the slow commit is under way") { await counter.ledgers[0].batches.count == 1 }
    #expect(await desk.submit(Counter.cancel(2, in: odd)) == .of(Counter.cancel(2, in: odd)))
    await counter.ledgers[0].open()
    #expect(await slow == .of(Counter.cancel(1, in: even)))
  }

  @Test func aLostStreamCostsNoAnswer() async {
    let counter = Counter()
    await counter.stream.fail("down")
    #expect(await counter.desk.submit(Counter.cancel(1)) == .of(Counter.cancel(1)))
    await eventually("the loss is counted") { counter.desk.unpublished == 1 }
  }

  @Test func aShardThatIsTooFarBehindTakesCancelsOnly() async {
    let counter = Counter()
    let other = Shard(rawValue: 8)
    let lag = ShardLag(last: Sequence(rawValue: 151), processed: Sequence(rawValue: 100))
    let atBound = ShardLag(last: Sequence(rawValue: 150), processed: Sequence(rawValue: 100))
    await counter.reader.set([Row.shard: lag, other: atBound])
    let desk = counter.desk
    let watch = Task { await desk.run() }
    await eventually("the lags are read") { await counter.reader.reads >= 2 }
    #expect(await desk.submit(Counter.place()).isBusy)
    #expect(await desk.submit(Counter.replace()).isBusy)
    #expect(await desk.submit(Counter.cancel(1)) == .of(Counter.cancel(1)))
    #expect(await !desk.submit(Counter.place(in: other)).isBusy)
    // While the database is away the last known lags stand.
    await counter.reader.set(nil)
    let reads = await counter.reader.reads
    await eventually("reads fail") { await counter.reader.reads >= reads + 2 }
    #expect(await desk.submit(Counter.place()).isBusy)
    await counter.reader.set([Row.shard: atBound])
    await eventually("orders are taken again") { await !desk.submit(Counter.place()).isBusy }
    watch.cancel()
    await watch.value
  }
}
