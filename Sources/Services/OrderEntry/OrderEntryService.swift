internal import Accounting
package import Market
package import Ports

/// What clients do with orders and positions: places, replaces and cancels orders, and closes positions.
///
/// It judges a request by its instrument and the last price, names what has no name, hands it in at acceptance and says what
/// became of it. Values come in and values go out: how they look on a wire is the caller's business.
package struct OrderEntryService: Sendable {
  let acceptor: any OrderAcceptor
  let reader: any AccountReader
  let catalog: any InstrumentCatalog
  let settings: OrderEntrySettings
  let troubles: PortTroubles
  let rules: @Sendable () -> OrderRules
  let keys: RequestKeys
  let now: @Sendable () -> Timestamp
  let random: @Sendable () -> UInt64

  /// Makes a service.
  /// - Parameters:
  ///   - desk: Takes requests for good.
  ///   - reader: Answers from what is committed, on the primary.
  ///   - catalog: Instruments and last prices.
  ///   - troubles: Hears what goes wrong where no client is told.
  ///   - rules: The rules for orders as the market trades now.
  ///   - keys: Digests what requests are known by.
  ///   - now: The wall clock.
  ///   - random: 64 unpredictable bits.
  package init(
    acceptor: any OrderAcceptor, reader: any AccountReader, catalog: any InstrumentCatalog,
    settings: OrderEntrySettings = OrderEntrySettings(), troubles: PortTroubles,
    rules: @escaping @Sendable () -> OrderRules, keys: RequestKeys, now: @escaping @Sendable () -> Timestamp,
    random: @escaping @Sendable () -> UInt64
  ) {
    self.acceptor = acceptor
    self.reader = reader
    self.catalog = catalog
    self.settings = settings
    self.troubles = troubles
    self.rules = rules
    self.keys = keys
    self.now = now
    self.random = random
  }

  /// Places an order.
  /// - Parameter idempotencyKey: The client's name for the request: a repeat with the same content gets the first answer.
  package func place(
    _ ticket: OrderTicket, idempotencyKey: String?, by sender: OrderSender
  ) async throws(StoreError) -> OrderEntryOutcome {
    let draft: OrderDraft
    do throws(TicketRefusal) { draft = try rules().draft(ticket) } catch { return .refused(.ticket(error)) }
    guard let instrument = try await catalog.instrument(named: draft.symbol, now: now()) else {
      return .refused(.rejected(.unknownSymbol(draft.symbol), nil))
    }
    return try await enter(draft, instrument, by: sender) { [keys] order in
      idempotencyKey.map { keys.idempotency($0, request: CanonicalRequest.place(draft, order, instrument.id)) }
    }
  }

  /// Puts a new order in an open order's place.
  package func replace(
    _ target: OrderID, _ ticket: ReplaceTicket, idempotencyKey: String?, by sender: OrderSender
  ) async throws(StoreError) -> OrderEntryOutcome {
    let rules = rules()
    let change: OrderChange
    do throws(TicketRefusal) { change = try rules.change(ticket) } catch { return .refused(.ticket(error)) }
    guard try await mayExist(target) else { return .refused(.rejected(.orderNotFound(target), nil)) }
    let clientOrderID = change.clientOrderID ?? freshClientOrderID()
    let request = ReplaceRequest(
      account: sender.account, target: target, changes: change.terms, collar: rules.collarBasisPoints,
      clientOrderID: clientOrderID, clientKey: keys.clientOrderID(clientOrderID),
      idempotencyKey: idempotencyKey.map {
        keys.idempotency($0, request: CanonicalRequest.replace(target, change))
      }, random: random(), keysVersion: sender.keysVersion)
    let reply = await acceptor.submit(.replace(request))
    var instrument: Instrument?
    if case .answered(.refused(.insufficientShares)) = reply {
      let order = try await reader.order(target, of: sender.account)
      instrument = order.flatMap { catalog.lastKnown($0.record.instrument) }
    }
    return try await outcome(of: reply, of: sender.account, instrument)
  }

  /// Cancels an open order.
  package func cancel(_ order: OrderID, by sender: OrderSender) async throws(StoreError) -> AcceptanceReply {
    guard try await mayExist(order) else { return .answered(.refused(.orderNotFound(order))) }
    return await acceptor.submit(
      .cancel(CancelRequest(account: sender.account, order: order, keysVersion: sender.keysVersion)))
  }

  /// Cancels what is open, from the newest to the oldest. A second call is harmless.
  package func cancelAll(by sender: OrderSender) async throws(StoreError) -> OrderEntryOutcomes<CanceledOrder> {
    let pass = try await cancels.pass(over: sender)
    return pass.isCredentialStale ? .staleCredential : .each(pass.canceled)
  }

  /// Cancels everything that a sender has open, over acceptance.
  var cancels: CancelAllService {
    CancelAllService(
      reader: reader, entry: SingleCancelAcceptance(acceptor: acceptor, concurrency: settings.concurrency))
  }
}

extension OrderEntryService {
  /// Hands a new order in, when its instrument and the last price allow it.
  func enter(
    _ draft: OrderDraft, _ instrument: Instrument, by sender: OrderSender, key: (CheckedOrder) -> RequestKey?
  ) async throws(StoreError) -> OrderEntryOutcome {
    let lastPrice = draft.needsLastPrice ? try await catalog.lastPrice(of: instrument.id, now: now()) : nil
    let order: CheckedOrder
    do throws(TicketRefusal) {
      order = try rules().terms(draft, instrument, lastPrice: lastPrice)
    } catch {
      return .refused(.ticket(error))
    }
    let request = request(draft, order, instrument, by: sender, idempotencyKey: key(order))
    return try await outcome(of: await acceptor.submit(.place(request)), of: sender.account, instrument)
  }

  /// The request that a draft comes to.
  private func request(
    _ draft: OrderDraft, _ order: CheckedOrder, _ instrument: Instrument, by sender: OrderSender,
    idempotencyKey: RequestKey?
  ) -> PlaceRequest {
    let clientOrderID = draft.clientOrderID ?? freshClientOrderID()
    return PlaceRequest(
      account: sender.account, instrument: instrument.id, shard: instrument.shard, terms: order.terms,
      isPreventionChosen: draft.selfTradePrevention != nil, trigger: order.trigger, orderClass: draft.orderClass,
      legs: order.legs.map { leg($0, named: draft.clientOrderID(of: $0.role)) }, positionIntent: draft.positionIntent,
      clientOrderID: clientOrderID, clientKey: keys.clientOrderID(clientOrderID), idempotencyKey: idempotencyKey,
      random: random(), keysVersion: sender.keysVersion)
  }

  /// A leg that its client has not named gets a name of its own.
  private func leg(_ terms: LegTerms, named given: String?) -> LegRequest {
    let name = given ?? freshClientOrderID()
    return LegRequest(terms, clientOrderID: name, clientKey: keys.clientOrderID(name), random: random())
  }

  private func freshClientOrderID() -> String { UniqueID.random(high: random(), low: random()).description }

  /// Whether an order of this identifier may be there: one that was made elsewhere may name a shard that is not.
  private func mayExist(_ order: OrderID) async throws(StoreError) -> Bool {
    guard order.time != nil else { return false }
    return try await catalog.hasInstruments(in: order.shard, now: now())
  }

  /// What a reply to a new order or a replacement comes to.
  private func outcome(
    of reply: AcceptanceReply, of account: AccountNumber, _ instrument: Instrument?
  ) async throws(StoreError) -> OrderEntryOutcome {
    switch reply {
    case .answered(.accepted(let record)): return stored(ShownOrder(accepted: record), instrument)
    case .answered(.repeated(let record)):
      // How far the order has come since is told by the reader; if it cannot say, what acceptance knows is true as well.
      let shown = await troubles.attempt(.orders) { () async throws(StoreError) in
        try await reader.order(record.id, of: account)
      }
      return stored(shown.flatMap(\.self) ?? ShownOrder(accepted: record), instrument)
    case .answered(.refused(let reason)):
      guard case .insufficientShares = reason, let instrument else { return .refused(.rejected(reason, nil)) }
      return .refused(.rejected(reason, await shareContext(instrument, account)))
    case .answered(.cancelAccepted): throw .fault(reason: "an order was answered as a cancel")
    case .busy(let span): return .busy(retryAfter: span)
    case .unavailable: return .unavailable
    case .accountHeld: return .accountHeld
    case .outcomeUnknown: return .unknown
    }
  }

  /// The outcome of an order that is stored. Nothing may turn it into an error now, for a client would send again: where
  /// nobody has read the instrument yet, nothing is said at all.
  private func stored(_ order: ShownOrder, _ instrument: Instrument?) -> OrderEntryOutcome {
    guard let instrument = instrument ?? catalog.lastKnown(order.record.instrument) else { return .unknown }
    return .order(order, instrument)
  }

  /// What is told of a lack of shares; as much of it as can be read now.
  private func shareContext(_ instrument: Instrument, _ account: AccountNumber) async -> ShareContext {
    var query = OrderQuery(account: account)
    query.instruments = [instrument.id]
    query.side = .sell
    query.limit = settings.relatedOrders
    let question = query
    let orders =
      await troubles.attempt(.orders) { () async throws(StoreError) in try await reader.orders(question) } ?? []
    return ShareContext(symbol: instrument.symbol.description, relatedOrders: orders.map(\.record.id))
  }
}
