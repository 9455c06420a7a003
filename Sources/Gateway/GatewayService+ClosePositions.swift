internal import Accounting
internal import HTTP
internal import JSON
internal import Market
internal import Ports
internal import Services

extension GatewayService {
  /// `DELETE /v2/positions/{symbol or asset id}`: sells the position's free shares, or some of them, at the market.
  func closePosition(
    _ name: String, _ request: HTTPRequest, _ headers: RequestHeaders, _ caller: Caller
  ) async throws(APIError) -> HTTPResponse {
    let account = caller.account
    let portion = try ClosedPortion(QueryValues(request.query))
    let keyText = try Self.idempotencyKey(headers)
    let now = now()
    let instrument = try await reading { () async throws(LedgerError) in
      try await directory.instrument(named: name, now: now)
    }
    guard let instrument else { throw .noPosition }
    let key = keyText.map { RequestKey.idempotency($0, request: CanonicalRequest.close(instrument.id, portion)) }
    let quantity: Quantity
    do throws(APIError) {
      let positions = try await reading { () async throws(LedgerError) in try await reader.positions(of: account) }
      guard let position = positions.first(where: { $0.instrument == instrument.id }) else { throw .noPosition }
      quantity = try portion.shares(of: position, symbol: instrument.symbol.description)
    } catch {
      // A repeat of a closing that sold the shares: they are gone, its first answer is not.
      guard let key, try await isUsed(key, account) else { throw error }
      quantity = Quantity(rawValue: 1)
    }
    let place = try await saleRequest(of: instrument, quantity, caller, idempotencyKey: key)
    return try await orderAnswer(await desk.submit(.place(place)), account, instrument)
  }

  /// `DELETE /v2/positions`: sells the free shares of every position; with `cancel_orders` what open orders hold is freed
  /// first. One status a position.
  func closeAllPositions(_ request: HTTPRequest, _ caller: Caller) async throws(APIError) -> HTTPResponse {
    let account = caller.account
    if try QueryValues(request.query).flag("cancel_orders") == true {
      try await cancelAndWait(caller)
    }
    let positions = try await reading { () async throws(LedgerError) in try await reader.positions(of: account) }
    let table = try await table(knowing: positions, now())
    let closings = await withTaskGroup(of: (Int, Closing).self) { group in
      var closings = [Closing?](repeating: nil, count: positions.count)
      for (index, position) in positions.enumerated() {
        if index >= max(1, configuration.concurrentCancels), let (done, closing) = await group.next() {
          closings[done] = closing
        }
        group.addTask { (index, await self.close(position, table[position.instrument], caller)) }
      }
      for await (done, closing) in group { closings[done] = closing }
      return closings.compactMap { $0 }
    }
    var writer = JSONWriter(capacity: 64 + 1024 * closings.count)
    writer.beginArray()
    for closing in closings { writer.closing(closing) }
    writer.endArray()
    return .json(207, writer)
  }

  /// Whether a request with this key made an order before: then the desk answers it by the key alone.
  private func isUsed(_ key: RequestKey, _ account: AccountNumber) async throws(APIError) -> Bool {
    try await reading { () async throws(LedgerError) in try await reader.order(clientKey: key.digest, of: account) }
      != nil
  }

  private func close(_ position: PositionRecord, _ instrument: Instrument?, _ caller: Caller) async -> Closing {
    guard let instrument else { return Closing(symbol: "", answer: APIError.internalFault.response) }
    let answer: HTTPResponse
    do throws(APIError) {
      let quantity = try ClosedPortion.all.shares(of: position, symbol: instrument.symbol.description)
      let place = try await saleRequest(of: instrument, quantity, caller, idempotencyKey: nil)
      answer = try await orderAnswer(await desk.submit(.place(place)), caller.account, instrument)
    } catch {
      answer = error.response
    }
    // Of many, one whose outcome is not known cannot be answered by silence.
    let shown = answer.dropsConnection ? APIError.unknownOutcome.response : answer
    return Closing(symbol: instrument.symbol.description, answer: shown)
  }

  private func saleRequest(
    of instrument: Instrument, _ quantity: Quantity, _ caller: Caller, idempotencyKey: RequestKey?
  ) async throws(APIError) -> PlaceRequest {
    var ticket = OrderTicket()
    ticket.symbol = instrument.symbol.description
    ticket.quantity = quantity.description
    ticket.side = "sell"
    ticket.type = "market"
    ticket.timeInForce = "day"
    let draft: OrderDraft
    do throws(TicketRefusal) { draft = try rules.draft(ticket) } catch { throw APIError(error) }
    let terms = try await terms(of: draft, instrument)
    return placeRequest(draft, terms, instrument, caller, idempotencyKey: idempotencyKey)
  }

  /// Cancels what is open and waits, for a bounded time, until the books have let go of it.
  private func cancelAndWait(_ caller: Caller) async throws(APIError) {
    let canceled = try await cancelOpenOrders(caller)
    guard let newest = canceled.map(\.order).max() else { return }
    var query = OrderQuery(account: caller.account)
    query.limit = 1
    // Orders that came later are not waited for.
    query.before = UniqueID(high: newest.high, low: newest.low &+ 1)
    let question = query
    let pause = configuration.cancelPollPause
    for _ in 0..<max(1, configuration.cancelPolls) {
      let open = try await reading { () async throws(LedgerError) in try await reader.orders(question) }
      if open.isEmpty { return }
      try? await Task.sleep(for: pause)
    }
  }
}

/// What became of one position of many.
private struct Closing: Sendable {
  var symbol: String
  var answer: HTTPResponse
}

extension JSONWriter {
  fileprivate mutating func closing(_ closing: Closing) {
    beginObject()
    key("symbol")
    string(closing.symbol)
    key("status")
    integer(Int64(closing.answer.status))
    key("body")
    verbatim(closing.answer.body)
    endObject()
  }
}
