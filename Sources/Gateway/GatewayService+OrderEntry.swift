internal import Accounting
internal import HTTP
internal import JSON
internal import Market
internal import Ports
internal import Services

extension GatewayService {
  /// Open sells that are named when shares are lacking, at most.
  private static let maximumRelatedOrders = 100

  /// `POST /v2/orders`
  func placeOrder(
    _ body: [UInt8], _ headers: RequestHeaders, _ caller: Caller
  ) async throws(APIError) -> HTTPResponse {
    let json = try Self.object(body)
    let key = try Self.idempotencyKey(headers)
    let draft: OrderDraft
    do throws(TicketRefusal) {
      draft = try rules.draft(OrderTicket(json))
    } catch {
      throw APIError(error)
    }
    let now = now()
    guard
      let instrument = try await reading({ () async throws(LedgerError) in
        try await directory.instrument(named: draft.symbol, now: now)
      })
    else {
      throw APIError(RejectReason.unknownSymbol(draft.symbol))
    }
    let terms = try await terms(of: draft, instrument)
    let request = placeRequest(
      draft, terms, instrument, caller,
      idempotencyKey: key.map { .idempotency($0, request: CanonicalRequest.place(draft, terms, instrument.id)) })
    return try await orderAnswer(await desk.submit(.place(request)), caller.account, instrument)
  }

  /// What the instrument and its last price make of a draft.
  func terms(of draft: OrderDraft, _ instrument: Instrument) async throws(APIError) -> OrderTerms {
    let lastPrice = draft.needsLastPrice ? try await lastPrice(of: instrument, now()) : nil
    do throws(TicketRefusal) {
      return try rules.terms(draft, instrument, lastPrice: lastPrice)
    } catch {
      throw APIError(error)
    }
  }

  /// The request that a draft comes to.
  func placeRequest(
    _ draft: OrderDraft, _ terms: OrderTerms, _ instrument: Instrument, _ caller: Caller,
    idempotencyKey: RequestKey?
  ) -> PlaceRequest {
    let clientOrderID = draft.clientOrderID ?? freshClientOrderID()
    return PlaceRequest(
      account: caller.account, instrument: instrument.id, shard: instrument.shard, side: draft.side, type: draft.type,
      timeInForce: draft.timeInForce, postOnly: draft.postOnly, selfTradePrevention: draft.selfTradePrevention,
      price: terms.price, quantity: terms.quantity, trigger: terms.trigger, orderClass: draft.orderClass,
      legs: terms.legs.map { leg($0, named: draft.clientOrderID(of: $0.role)) }, positionIntent: draft.positionIntent,
      clientOrderID: clientOrderID, clientKey: .clientOrderID(clientOrderID), idempotencyKey: idempotencyKey,
      random: random(), keysVersion: caller.keysVersion)
  }

  /// `PATCH /v2/orders/{id}`
  func replaceOrder(
    _ idText: String, _ body: [UInt8], _ headers: RequestHeaders, _ caller: Caller
  ) async throws(APIError) -> HTTPResponse {
    let account = caller.account
    let json = try Self.object(body)
    let key = try Self.idempotencyKey(headers)
    let target = try Self.orderID(idText)
    let change: OrderChange
    do throws(TicketRefusal) {
      change = try rules.change(ReplaceTicket(json))
    } catch {
      throw APIError(error)
    }
    try await checkShard(of: target)
    let clientOrderID = change.clientOrderID ?? freshClientOrderID()
    let request = ReplaceRequest(
      account: account, target: target, quantity: change.quantity, price: change.price,
      stop: change.stop, trail: change.trail, collar: rules.collarBasisPoints,
      timeInForce: change.timeInForce, clientOrderID: clientOrderID, clientKey: .clientOrderID(clientOrderID),
      idempotencyKey: key.map { .idempotency($0, request: CanonicalRequest.replace(target, change)) },
      random: random(), keysVersion: caller.keysVersion)
    let reply = await desk.submit(.replace(request))
    if case .answered(.refused(.insufficientShares)) = reply {
      let order = try await reading { () async throws(LedgerError) in try await reader.order(target, of: account) }
      return try await orderAnswer(reply, account, order.flatMap { directory.lastKnown($0.record.instrument) })
    }
    return try await orderAnswer(reply, account, nil)
  }

  /// `DELETE /v2/orders/{id}`
  func cancelOrder(_ idText: String, _ caller: Caller) async throws(APIError) -> HTTPResponse {
    let id = try Self.orderID(idText)
    try await checkShard(of: id)
    switch await desk.submit(
      .cancel(CancelRequest(account: caller.account, order: id, keysVersion: caller.keysVersion)))
    {
    case .answered(.refused(let reason)): throw APIError(reason)
    case .answered(.cancelAccepted), .answered(.accepted), .answered(.repeated): return HTTPResponse(status: 204)
    case .busy(let seconds): throw .busy(retryAfterSeconds: seconds, reason: "overloaded")
    case .unavailable: throw .unavailable
    case .accountHeld: throw .accountHeld
    case .outcomeUnknown: return .drop
    }
  }

  /// The answer to a new order or a replacement.
  func orderAnswer(
    _ reply: DeskReply, _ account: AccountNumber, _ instrument: Instrument?
  ) async throws(APIError) -> HTTPResponse {
    switch reply {
    case .answered(.accepted(let record)):
      return orderBody(
        ShownOrder(accepted: record),
        instrument)
    case .answered(.repeated(let record)):
      // How far the order has come since is told by the reader; if it cannot say, what the desk knows is true as well.
      let shown = await troubles.attempt(.orders) { () async throws(LedgerError) in
        try await reader.order(record.id, of: account)
      }
      return orderBody(
        shown.flatMap(\.self)
          ?? ShownOrder(accepted: record),
        instrument)
    case .answered(.refused(let reason)):
      guard case .insufficientShares = reason, let instrument else { throw APIError(reason) }
      throw APIError(reason, shares: await shareContext(instrument, account))
    case .answered(.cancelAccepted): throw .internalFault
    case .busy(let seconds): throw .busy(retryAfterSeconds: seconds, reason: "overloaded")
    case .unavailable: throw .unavailable
    case .accountHeld: throw .accountHeld
    case .outcomeUnknown: return .drop
    }
  }

  /// The body of an order that is stored. Nothing may turn the answer into an error now, for a client would send again:
  /// an instrument that nobody has read yet leaves only silence.
  private func orderBody(_ shown: ShownOrder, _ instrument: Instrument?) -> HTTPResponse {
    guard let instrument = instrument ?? directory.lastKnown(shown.record.instrument) else { return .drop }
    var writer = JSONWriter()
    writer.order(shown, instrument, clock)
    return .json(200, writer)
  }

  /// What the answer to a lack of shares tells; as much of it as can be read now.
  private func shareContext(_ instrument: Instrument, _ account: AccountNumber) async -> ShareContext {
    var query = OrderQuery(account: account)
    query.instruments = [instrument.id]
    query.side = .sell
    query.limit = Self.maximumRelatedOrders
    let orders =
      await troubles.attempt(.orders) { () async throws(LedgerError) in try await reader.orders(query) } ?? []
    return ShareContext(symbol: instrument.symbol.description, relatedOrders: orders.map(\.record.id))
  }

  private func lastPrice(of instrument: Instrument, _ now: Timestamp) async throws(APIError) -> Price? {
    try await reading { () async throws(LedgerError) in try await directory.lastPrices(now: now) }[instrument.id]
  }

  /// A leg that its client has not named gets a name of its own.
  private func leg(_ terms: LegTerms, named given: String?) -> LegRequest {
    let name = given ?? freshClientOrderID()
    return LegRequest(
      role: terms.role, type: terms.type, price: terms.price, stop: terms.stop, clientOrderID: name,
      clientKey: .clientOrderID(name), random: random())
  }

  private func freshClientOrderID() -> String { UniqueID.random(high: random(), low: random()).description }

  /// An identifier made elsewhere may name a shard that does not exist: there is no such order.
  private func checkShard(of id: OrderID) async throws(APIError) {
    let shard = id.shard
    let now = now()
    let table = try await reading { () async throws(LedgerError) in
      try await directory.table(now: now) { $0.shards.contains(shard) || id.time == nil }
    }
    guard id.time != nil, table.shards.contains(shard) else { throw .orderNotFound(id.description) }
  }
}

extension GatewayService {
  /// Longest idempotency key, in bytes.
  private static let maximumIdempotencyKeyLength = 255

  /// Asks the ledger; a failure becomes an answer.
  func reading<Value>(_ question: () async throws(LedgerError) -> Value) async throws(APIError) -> Value {
    do throws(LedgerError) { return try await question() } catch { throw APIError(error) }
  }

  /// Reads an order's identifier from a path.
  static func orderID(_ text: String) throws(APIError) -> OrderID {
    guard let id = UniqueID(text) else { throw .field("order_id is missing", reason: "invalid_order_id") }
    return id
  }

  static func object(_ body: [UInt8]) throws(APIError) -> JSONValue {
    guard let root = try? JSONDocument(body).root, root.kind == .object else { throw .badBody }
    return root
  }

  static func idempotencyKey(_ headers: RequestHeaders) throws(APIError) -> String? {
    switch headers.idempotencyKey {
    case .absent: return nil
    case .once(let key):
      guard (1...maximumIdempotencyKeyLength).contains(key.utf8.count),
        key.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
      else {
        throw .field(
          "Idempotency-Key must be 1 to \(maximumIdempotencyKeyLength) printable ASCII characters",
          reason: "invalid_idempotency_key")
      }
      return key
    case .repeated: throw .field("Idempotency-Key must not be repeated", reason: "invalid_idempotency_key")
    }
  }
}

extension ShownOrder {
  /// An order as it is answered when it has just been accepted.
  fileprivate init(accepted record: OrderRecord) {
    self.init(
      record: record,
      status: ShownStatus(record.status, pending: record.pending, processed: false, phase: record.phase),
      legs: record.legs.isEmpty ? nil : record.legs.map { ShownOrder(accepted: $0) })
  }
}
