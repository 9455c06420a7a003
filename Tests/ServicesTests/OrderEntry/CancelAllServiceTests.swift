import Accounting
import Lifecycle
import Market
import Ports
import TestKit
import Testing

@testable import Services

/// Orders of one account that end as a script says, once their cancels came often enough.
private final class FakeOrders: AcceptanceLedger, OrderAcceptor, AccountReader {
  struct Order {
    /// The cancel that is heeded, counted from 1; nil when none is.
    var heeds: Int?
    var end: OrderStatus
    var status = OrderStatus.accepted
    var cancels = 0
  }

  struct State {
    var orders: [OrderID: Order] = [:]
    var batches: [Int] = []
    var failures: [StoreError] = []
    /// After so many looks at what is open, orders that heed no cancel end by themselves; nil for never.
    var pollsUntilEnd: Int?
    /// How often it was asked for orders.
    var polls = 0
    /// The version of the keys that is out of date at acceptance.
    var staleVersion: Int64? = -1
  }

  let state = Lock(State())

  init(_ orders: [Order]) {
    state.withLock { state in
      for (index, order) in orders.enumerated() { state.orders[Self.id(index)] = order }
    }
  }

  static func id(_ index: Int) -> OrderID { UniqueID(high: 1_000 + UInt64(index / 3), low: UInt64(index % 3)) }

  /// As acceptance: one cancel at a time.
  func submit(_ request: AcceptanceRequest) async -> AcceptanceReply {
    guard case .cancel(let cancel) = request, state.withLock({ $0.staleVersion }) != cancel.keysVersion else {
      return .answered(.refused(.staleCredential))
    }
    guard let batch = try? await accept([request], now: Row.start) else { return .unavailable }
    return .answered(batch.answers[0])
  }

  func accept(_ requests: [AcceptanceRequest], now: Timestamp) async throws(StoreError) -> AcceptedBatch {
    try state.withLock { (state) throws(StoreError) in
      if let failure = state.failures.popLast() { throw failure }
      state.batches.append(requests.count)
      for case .cancel(let cancel) in requests {
        state.orders[cancel.order]!.cancels += 1
        let order = state.orders[cancel.order]!
        if order.cancels == order.heeds { state.orders[cancel.order]!.status = order.end }
      }
      return AcceptedBatch(answers: requests.map { _ in .cancelAccepted }, entries: [])
    }
  }

  func orders(_ query: OrderQuery) throws(StoreError) -> [ShownOrder] {
    state.withLock { state in
      state.polls += 1
      if query.scope == .open, let polls = state.pollsUntilEnd {
        state.pollsUntilEnd = polls - 1
        if polls == 0 {
          for (id, order) in state.orders where order.heeds == nil { state.orders[id]!.status = order.end }
        }
      }
      if query.scope == .all { state.polls -= 1 }
      let matching = state.orders.filter { id, order in
        (query.scope == .all || order.status.isOpen) && query.after.map { id > $0 } ?? true
          && query.before.map { id < $0 } ?? true
      }
      return matching.sorted { $0.key > $1.key }.prefix(query.limit).map { id, order in
        let record = OrderRecord(
          id: id, account: query.account, clientOrderID: "c", instrument: InstrumentID(rawValue: 1), shard: Row.shard,
          sequence: .zero, priority: .zero,
          terms: OrderTerms(.buy, Quantity(rawValue: 1), at: Price(rawValue: 10_000)),
          status: order.status, updatedAt: Row.start)
        return ShownOrder(
          record: record, status: ShownStatus(order.status, pending: .none, processed: true))
      }
    }
  }

  func credential(keyID: String) throws(StoreError) -> Credential? { nil }
  func snapshot(of account: AccountNumber) throws(StoreError) -> AccountSnapshot? { nil }
  func positions(of account: AccountNumber) throws(StoreError) -> [PositionRecord] { [] }
  func order(_ id: OrderID, of account: AccountNumber) throws(StoreError) -> ShownOrder? { nil }
  func order(clientKey: UniqueID, of account: AccountNumber) throws(StoreError) -> ShownOrder? { nil }
  func withLegs(_ orders: [ShownOrder], of account: AccountNumber) throws(StoreError) -> [ShownOrder] { orders }
  func instruments() throws(StoreError) -> [Instrument] { [] }
  func lastPrices() throws(StoreError) -> [InstrumentID: Price] { [:] }
  func lags() throws(StoreError) -> [Shard: ShardLag] { [:] }
}

@Suite struct CancelAllServiceTests {
  private let account = AccountNumber(rawValue: 1)

  private func run(_ orders: FakeOrders, patience: Duration) async throws -> CancelAllService.Outcome {
    let seen = Lock<[Int]>([])
    let entry = BatchCancelAcceptance(ledger: orders) { Row.start }
    let outcome = try await CancelAllService(reader: orders, entry: entry)
      .untilClosed(account, patience: patience) { (open, all) in seen.withLock { $0.append(open) } }
    // What is open only becomes less.
    let reported = seen.withLock { $0 }
    #expect(reported == reported.sorted(by: >) && reported.last.map { $0 >= outcome.open } ?? true)
    return outcome
  }

  private func atAcceptor(_ orders: FakeOrders) -> CancelAllService {
    CancelAllService(reader: orders, entry: SingleCancelAcceptance(acceptor: orders, concurrency: 4))
  }

  private func sender(_ version: Int64 = 0) -> OrderSender { OrderSender(account: account, keysVersion: version) }

  @Test func everythingIsCanceledInBatchesAndCountedByItsEnd() async throws {
    let ends: [OrderStatus] = [.canceled, .filled, .canceled, .expired]
    let orders = FakeOrders((0..<1000).map { .init(heeds: 1 + $0 % 2, end: ends[$0 % 4]) })
    var expected = CancelAllService.Outcome()
    (expected.canceled, expected.filled, expected.ended) = (500, 250, 250)
    #expect(try await run(orders, patience: .seconds(60)) == expected)
    #expect(orders.state.withLock { $0.batches.allSatisfy { $0 <= BatchCancelAcceptance.batch } })
    #expect(orders.state.withLock { $0.orders.values.allSatisfy { $0.cancels == $0.heeds } })
    // Nothing is open any more: nothing is done.
    #expect(try await run(orders, patience: .zero) == CancelAllService.Outcome())
  }

  @Test func anOrderThatHeedsNoCancelIsLeftAloneInTheEnd() async throws {
    let orders = FakeOrders([.init(heeds: nil, end: .filled), .init(heeds: 1, end: .canceled)])
    orders.state.withLock { $0.pollsUntilEnd = 2 * CancelAllService.triesPerOrder }
    let outcome = try await run(orders, patience: .seconds(600))
    #expect(outcome.filled == 1 && outcome.canceled == 1 && outcome.open == 0)
    #expect(
      orders.state.withLock { $0.orders[FakeOrders.id(0)]!.cancels } == CancelAllService.triesPerOrder)
  }

  @Test func cancelsAreHandedInWhoeverWaits() async throws {
    let orders = FakeOrders((0..<5).map { _ in .init(heeds: nil, end: .canceled) })
    #expect(try await run(orders, patience: .zero).open == 5)
    #expect(orders.state.withLock { $0.orders.values.allSatisfy { $0.cancels == 1 } })
  }

  @Test func aFateThatIsNotKnownIsAskedForAgainAndAnOutageIsReported() async throws {
    let orders = FakeOrders([.init(heeds: 1, end: .canceled)])
    orders.state.withLock { $0.failures = [.outcomeUnknown, .outcomeUnknown] }
    #expect(try await run(orders, patience: .seconds(60)).canceled == 1)
    let others = FakeOrders([.init(heeds: 1, end: .canceled)])
    others.state.withLock { $0.failures = [.unavailable(reason: "away")] }
    await #expect(throws: StoreError.unavailable(reason: "away")) { try await run(others, patience: .seconds(60)) }
  }

  @Test func aPassOverTheAcceptorMeetsEachOpenOrderOnceFromTheNewestToTheOldest() async throws {
    let count = 2 * CancelAllService.page + 7
    let orders = FakeOrders((0..<count).map { _ in .init(heeds: nil, end: .canceled) })
    let pass = try await atAcceptor(orders).pass(over: sender())
    #expect(pass.canceled.map(\.order) == (0..<count).reversed().map(FakeOrders.id))
    #expect(pass.open == pass.canceled.map(\.order) && !pass.isCredentialStale)
    #expect(orders.state.withLock { $0.orders.values.allSatisfy { $0.cancels == 1 } })
  }

  @Test func aPassEndsWhereTheKeyIsOutOfDate() async throws {
    let orders = FakeOrders((0..<(2 * CancelAllService.page)).map { _ in .init(heeds: nil, end: .canceled) })
    orders.state.withLock { $0.staleVersion = 7 }
    let pass = try await atAcceptor(orders).pass(over: sender(7))
    #expect(pass.isCredentialStale && pass.open.count == CancelAllService.page)
    #expect(orders.state.withLock { $0.orders.values.allSatisfy { $0.cancels == 0 } })
  }

  @Test func theWaitForAPassIsBoundedAndEndsWhenNothingIsOpen() async throws {
    let orders = FakeOrders([.init(heeds: nil, end: .canceled)])
    let service = atAcceptor(orders)
    let pass = try await service.pass(over: sender())
    func polls() -> Int { orders.state.withLock { $0.polls } }
    var before = polls()
    try await service.waitUntilClosed(pass, of: account, polls: 5, pause: .zero)
    #expect(polls() - before == 5)
    before = polls()
    orders.state.withLock { $0.pollsUntilEnd = 2 }
    try await service.waitUntilClosed(pass, of: account, polls: 50, pause: .zero)
    #expect(polls() - before == 3)
    // Who has found nothing waits for nothing.
    try await service.waitUntilClosed(CancelAllService.Pass(), of: account, polls: 50, pause: .zero)
    #expect(polls() - before == 3)
  }
}
