import Accounting
import Lifecycle
import Market
import Ports
import TestKit
import Testing

@testable import Services

/// A desk, the ledger's answers and the instruments, as a script says.
private final class FakeTradingFloor: OrderAcceptor, AccountReader, InstrumentCatalog {
  struct State {
    var instruments: [Instrument] = []
    /// Instruments that were read before: what answers without asking.
    var known: [InstrumentID: Instrument] = [:]
    var prices: [InstrumentID: Price] = [:]
    var positions: [PositionRecord] = []
    var orders: [OrderID: ShownOrder] = [:]
    var used: [UniqueID: OrderID] = [:]
    /// Open orders, the newest first; they are gone after so many looks.
    var open: [ShownOrder] = []
    var pollsUntilGone = Int.max
    /// What acceptance replies in place of accepting.
    var reply: AcceptanceReply?
    var failure: StoreError?
    var submitted: [AcceptanceRequest] = []
  }

  let state = Lock(State())

  private func reading<Value>(_ body: (inout State) -> Value) throws(StoreError) -> Value {
    try state.withLock { (state) throws(StoreError) in
      if let failure = state.failure { throw failure }
      return body(&state)
    }
  }

  func submit(_ request: AcceptanceRequest) async -> AcceptanceReply {
    state.withLock { state in
      state.submitted.append(request)
      if let reply = state.reply { return reply }
      switch request {
      case .place(let place):
        var order = Row.order(1)
        order.instrument = place.instrument
        order.side = place.side
        order.quantity = place.quantity
        return .answered(.accepted(order))
      case .replace: return .answered(.accepted(Row.order(2)))
      case .cancel: return .answered(.cancelAccepted)
      }
    }
  }

  func instrument(named name: String, now: Timestamp) throws(StoreError) -> Instrument? {
    try reading { $0.instruments.first { $0.symbol.description == name } }
  }
  func instruments(_ numbers: [InstrumentID], now: Timestamp) throws(StoreError) -> [InstrumentID: Instrument] {
    try reading { state in
      Dictionary(uniqueKeysWithValues: state.instruments.filter { numbers.contains($0.id) }.map { ($0.id, $0) })
    }
  }
  func lastKnown(_ number: InstrumentID) -> Instrument? { state.withLock { $0.known[number] } }
  func lastPrice(of number: InstrumentID, now: Timestamp) throws(StoreError) -> Price? {
    try reading { $0.prices[number] }
  }
  func hasInstruments(in shard: Shard, now: Timestamp) throws(StoreError) -> Bool {
    try reading { $0.instruments.contains { $0.shard == shard } }
  }

  func credential(keyID: String) throws(StoreError) -> Credential? { nil }
  func snapshot(of account: AccountNumber) throws(StoreError) -> AccountSnapshot? { nil }
  func positions(of account: AccountNumber) throws(StoreError) -> [PositionRecord] { try reading { $0.positions } }
  func order(_ id: OrderID, of account: AccountNumber) throws(StoreError) -> ShownOrder? {
    try reading { $0.orders[id] }
  }
  func order(clientKey: UniqueID, of account: AccountNumber) throws(StoreError) -> ShownOrder? {
    try reading { state in state.used[clientKey].flatMap { state.orders[$0] } }
  }
  func withLegs(_ orders: [ShownOrder], of account: AccountNumber) throws(StoreError) -> [ShownOrder] { orders }
  func orders(_ query: OrderQuery) throws(StoreError) -> [ShownOrder] {
    try reading { state in
      if state.pollsUntilGone == 0 { state.open = [] } else { state.pollsUntilGone -= 1 }
      return Array(state.open.filter { query.side == nil || $0.record.side == query.side }.prefix(query.limit))
    }
  }
  func instruments() throws(StoreError) -> [Instrument] { [] }
  func lastPrices() throws(StoreError) -> [InstrumentID: Price] { [:] }
  func lags() throws(StoreError) -> [Shard: ShardLag] { [:] }
}

@Suite struct OrderEntryServiceTests {
  private static let apple = instrument(1, "AAPL", Row.shard)
  private static let microsoft = instrument(2, "MSFT", Shard(rawValue: 4))
  private let sender = OrderSender(account: AccountNumber(rawValue: 1), keysVersion: 5)
  private let floor = FakeTradingFloor()

  private static func instrument(_ number: Int32, _ symbol: String, _ shard: Shard) -> Instrument {
    Instrument(
      id: InstrumentID(rawValue: number), assetID: UniqueID(high: 1, low: UInt64(number)), symbol: Symbol(symbol)!,
      name: symbol, exchange: "XOWN", shard: shard, tradable: true, referencePrice: nil)
  }

  init() {
    floor.state.withLock { state in
      state.instruments = [Self.apple, Self.microsoft]
      state.known = [Self.apple.id: Self.apple, Self.microsoft.id: Self.microsoft]
      state.prices = [Self.apple.id: Price("150")!, Self.microsoft.id: Price("400")!]
    }
  }

  private var service: OrderEntryService {
    var settings = OrderEntrySettings()
    (settings.cancelPolls, settings.cancelPollPause) = (4, .zero)
    // Any digest will do that differs where texts differ.
    let keys = RequestKeys { bytes in
      bytes.reduce(UniqueID(high: 7, low: 7)) { UniqueID(high: $0.high &* 31 &+ UInt64($1), low: $0.low &+ 1) }
    }
    return OrderEntryService(
      acceptor: floor, reader: floor, catalog: floor, settings: settings, troubles: PortTroubles { _ in },
      rules: { OrderRules() }, keys: keys, now: { Row.start }, random: { 42 })
  }

  private func ticket(_ quantity: String = "3", _ price: String? = "10", symbol: String = "AAPL") -> OrderTicket {
    var ticket = OrderTicket()
    (ticket.symbol, ticket.quantity, ticket.side, ticket.timeInForce) = (symbol, quantity, "buy", "day")
    (ticket.type, ticket.limitPrice) = (price == nil ? "market" : "limit", price)
    return ticket
  }

  private func hold(_ quantity: Int64, held: Int64 = 0, of instrument: Instrument = apple) {
    floor.state.withLock {
      $0.positions.append(
        PositionRecord(
          instrument: instrument.id, held: Quantity(rawValue: held),
          basis: PositionCost(Quantity(rawValue: quantity), for: .dollars(1_000))))
    }
  }

  private var placed: [PlaceRequest] {
    floor.state.withLock { state in
      state.submitted.compactMap { if case .place(let place) = $0 { place } else { nil } }
    }
  }

  // MARK: Orders

  @Test func anOrderIsPlacedOnceItsTermsAreRight() async throws {
    let outcome = try await service.place(ticket(), idempotencyKey: nil, by: sender)
    guard case .order(let shown, Self.apple) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(shown.record.quantity == Quantity(rawValue: 3))
    let place = try #require(placed.first)
    #expect(place.price == Price("10")! && place.keysVersion == 5 && place.shard == Row.shard)
    #expect(UniqueID(place.clientOrderID) != nil && place.idempotencyKey == nil)
  }

  @Test func aMarketOrderIsProtectedByTheLastPrice() async throws {
    _ = try await service.place(ticket("1", nil), idempotencyKey: nil, by: sender)
    #expect(placed.first?.price == Price("157.5")!)
  }

  @Test func refusalsAreValuesAndNothingIsHandedIn() async throws {
    let service = service
    #expect(
      try await service.place(ticket("0"), idempotencyKey: nil, by: sender)
        == .refused(.ticket(.rejected(.quantityNotPositive))))
    #expect(
      try await service.place(ticket(symbol: "NONE"), idempotencyKey: nil, by: sender)
        == .refused(.rejected(.unknownSymbol("NONE"), nil)))
    #expect(
      try await service.place(OrderTicket(), idempotencyKey: nil, by: sender)
        == .refused(.ticket(.missing(.symbol))))
    #expect(placed.isEmpty)
    floor.state.withLock { $0.failure = .unavailable(reason: "away") }
    await #expect(throws: StoreError.unavailable(reason: "away")) {
      try await service.place(ticket(), idempotencyKey: nil, by: sender)
    }
  }

  @Test func aKeyStandsForTheContentOfItsRequest() async throws {
    let service = service
    for (quantity, key) in [("3", "a"), ("3.0", "a"), ("4", "a"), ("3", "b")] {
      var ticket = ticket(quantity)
      ticket.clientOrderID = "mine"
      _ = try await service.place(ticket, idempotencyKey: key, by: sender)
    }
    let keys = placed.compactMap(\.idempotencyKey)
    #expect(keys.count == 4 && keys[0] == keys[1])
    #expect(keys[0].digest == keys[2].digest && keys[0].fingerprint != keys[2].fingerprint)
    #expect(keys[0].digest != keys[3].digest && keys[0].fingerprint == keys[3].fingerprint)
    #expect(keys[0].digest != placed[0].clientKey.digest)
  }

  @Test func aRepeatedOrderIsShownAsItStandsNowOrElseAsTheAcceptorKnowsIt() async throws {
    let service = service
    let record = Row.order(1)
    let filled = ShownOrder(record: record, status: .filled)
    floor.state.withLock { state in
      state.reply = .answered(.repeated(record))
      state.orders[record.id] = filled
    }
    let shown = try await service.place(ticket(), idempotencyKey: "a", by: sender)
    #expect(shown == .order(filled, Self.apple))
    floor.state.withLock { $0.orders = [:] }
    let known = try await service.place(ticket(), idempotencyKey: "a", by: sender)
    #expect(known == .order(ShownOrder(accepted: record), Self.apple))
  }

  @Test func aStoredOrderOfAnInstrumentThatNobodyHasReadIsNotRefused() async throws {
    floor.state.withLock { $0.known = [:] }
    var ticket = ReplaceTicket()
    ticket.quantity = "2"
    #expect(try await service.replace(Row.id(1), ticket, idempotencyKey: nil, by: sender) == .unknown)
  }

  @Test func aLackOfSharesNamesTheOrdersThatHoldThem() async throws {
    let reason = RejectReason.insufficientShares(
      requested: Quantity(rawValue: 3), available: .zero, owned: .zero, held: .zero)
    var sell = Row.order(9)
    sell.side = .sell
    floor.state.withLock { state in
      state.reply = .answered(.refused(reason))
      state.open = [ShownOrder(record: sell, status: .new), ShownOrder(record: Row.order(8), status: .new)]
    }
    let context = ShareContext(symbol: "AAPL", relatedOrders: [sell.id])
    #expect(
      try await service.place(ticket(), idempotencyKey: nil, by: sender) == .refused(.rejected(reason, context)))
  }

  @Test func whatNoShardHoldsIsNotFoundAndNotAskedFor() async throws {
    let elsewhere = Row.id(1, in: Shard(rawValue: 99))
    #expect(try await service.cancel(elsewhere, by: sender) == .answered(.refused(.orderNotFound(elsewhere))))
    var ticket = ReplaceTicket()
    ticket.quantity = "2"
    #expect(
      try await service.replace(elsewhere, ticket, idempotencyKey: nil, by: sender)
        == .refused(.rejected(.orderNotFound(elsewhere), nil)))
    #expect(floor.state.withLock { $0.submitted.isEmpty })
    #expect(try await service.cancel(Row.id(1), by: sender) == .answered(.cancelAccepted))
  }

  @Test(arguments: [
    (AcceptanceReply.busy(retryAfter: .seconds(2)), OrderEntryOutcome.busy(retryAfter: .seconds(2))),
    (.unavailable, .unavailable), (.accountHeld, .accountHeld), (.outcomeUnknown, .unknown),
  ])
  func whatTheAcceptorCannotReportIsPassedOn(reply: AcceptanceReply, outcome: OrderEntryOutcome) async throws {
    floor.state.withLock { $0.reply = reply }
    #expect(try await service.place(ticket(), idempotencyKey: nil, by: sender) == outcome)
  }

  // MARK: Positions

  @Test func closingSellsTheFreeSharesAtTheMarketForTheDay() async throws {
    hold(100, held: 30)
    let outcome = try await service.closePosition("AAPL", .all, idempotencyKey: nil, by: sender)
    guard case .order = outcome else {
      Issue.record("\(outcome)")
      return
    }
    let sale = try #require(placed.first)
    #expect(sale.side == .sell && sale.type == .market && sale.timeInForce == .day && sale.orderClass == .simple)
    #expect(sale.quantity == Quantity(rawValue: 70) && sale.price == Price("142.5")!)
    #expect(sale.positionIntent == nil && !sale.isPreventionChosen && !sale.postOnly)
  }

  @Test(arguments: [
    (ClosedPortion.shares(Quantity(rawValue: 12)), Int64(12)), (.millionths(50_000_000), 50),
    (.millionths(100_000_000), 100), (.millionths(33_900_000), 33), (.millionths(1_000_000), 1),
  ])
  func aPartIsClosed(portion: ClosedPortion, quantity: Int64) async throws {
    hold(100)
    _ = try await service.closePosition("AAPL", portion, idempotencyKey: nil, by: sender)
    #expect(placed.first?.quantity == Quantity(rawValue: quantity))
  }

  @Test func whatIsNotFreeIsNotSold() async throws {
    let service = service
    hold(100, held: 60)
    func lacking(_ requested: Int64) -> OrderEntryOutcome {
      .refused(
        .rejected(
          .insufficientShares(
            requested: Quantity(rawValue: requested), available: Quantity(rawValue: 40),
            owned: Quantity(rawValue: 100), held: Quantity(rawValue: 60)),
          ShareContext(symbol: "AAPL", relatedOrders: [])))
    }
    for (portion, outcome) in [
      (.shares(Quantity(rawValue: 41)), lacking(41)), (.millionths(50_000_000), lacking(50)),
      (.millionths(1), .refused(.portionBelowOneShare)),
    ] as [(ClosedPortion, OrderEntryOutcome)] {
      #expect(try await service.closePosition("AAPL", portion, idempotencyKey: nil, by: sender) == outcome)
    }
    for name in ["MSFT", "NONE"] {
      #expect(
        try await service.closePosition(name, .all, idempotencyKey: nil, by: sender) == .refused(.noPosition))
    }
    #expect(placed.isEmpty)
  }

  /// The shares are gone; acceptance answers by the key alone.
  @Test func aRepeatedClosingIsHandedInForItsKey() async throws {
    let service = service
    let key = service.keys.idempotency("close-1", request: CanonicalRequest.close(Self.apple.id, .all))
    floor.state.withLock { state in
      state.used[key.digest] = Row.id(1)
      state.orders[Row.id(1)] = ShownOrder(record: Row.order(1), status: .filled)
    }
    _ = try await service.closePosition("AAPL", .all, idempotencyKey: "close-1", by: sender)
    #expect(placed.map(\.idempotencyKey) == [key])
    #expect(
      try await service.closePosition("AAPL", .all, idempotencyKey: "close-2", by: sender) == .refused(.noPosition))
  }

  @Test func closingAllReportsOfEachPosition() async throws {
    hold(10)
    hold(5, held: 5, of: Self.microsoft)
    hold(1, of: Self.instrument(3, "GONE", Row.shard))
    guard case .each(let closed) = try await service.closeAllPositions(cancelsOrders: false, by: sender) else {
      Issue.record("the key is not out of date")
      return
    }
    #expect(closed.map(\.symbol) == ["AAPL", "MSFT", ""])
    guard case .success(.order) = closed[0].sale,
      case .success(.refused(.rejected(.insufficientShares, _))) = closed[1].sale,
      case .failure(.fault) = closed[2].sale
    else {
      Issue.record("\(closed)")
      return
    }
    #expect(placed.count == 1)
  }

  @Test func ordersAreCanceledAndWaitedForBeforePositionsAreClosed() async throws {
    hold(10)
    floor.state.withLock { state in
      state.open = [ShownOrder(record: Row.order(2), status: .new), ShownOrder(record: Row.order(1), status: .new)]
      state.pollsUntilGone = 3
    }
    _ = try await service.closeAllPositions(cancelsOrders: true, by: sender)
    let submitted = floor.state.withLock { $0.submitted }
    let isCancel = submitted.map { if case .cancel = $0 { true } else { false } }
    #expect(isCancel == [true, true, false])
    #expect(floor.state.withLock { $0.pollsUntilGone } == 0)
  }

  @Test func aStaleKeyCancelsNothingAndClosesNothing() async throws {
    hold(10)
    floor.state.withLock { state in
      state.open = [ShownOrder(record: Row.order(2), status: .new)]
      state.reply = .answered(.refused(.staleCredential))
    }
    guard case .staleCredential = try await service.cancelAll(by: sender),
      case .staleCredential = try await service.closeAllPositions(cancelsOrders: true, by: sender)
    else {
      Issue.record("the key is out of date")
      return
    }
    #expect(placed.isEmpty)
  }
}
